// The workflow: an audit of installed packages, in four stages. All that a run needs is in its state, so that any process
// can take it on: what to do in `input`, what has been found so far in `state`.

import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WorkflowState, WorkflowStateInput } from '@workflow-state/core';
import { decodeJson, encodeJson, newWorkflowState } from '@workflow-state/core';
import { resultsOf, type Stage, type Task } from './engine.js';
import { type Fingerprint, fingerprint } from './fingerprint.js';
import { findPackage, type InstalledPackage, listStore } from './installed-package.js';
import { readLicence } from './licence.js';
import { type AuditedPackage, buildReport, renderMarkdown } from './report.js';

const WORKFLOW_ID = 'dependency-audit';
const VERSION = { major: 1, minor: 0, patch: 0 };

export interface AuditInput {
  /** The pnpm store that is audited. */
  readonly root: string;
  /** Its directories when the run began: a later installation changes nothing about which packages are looked at. */
  readonly directories: readonly string[];
  /** Where the report is written. */
  readonly out: string;
}

/** A file of the report. */
export interface ReportFile {
  readonly file: string;
  readonly sha256: string;
}

export async function newAudit({ root, out }: Pick<AuditInput, 'root' | 'out'>): Promise<WorkflowStateInput> {
  const input: AuditInput = { root, directories: await listStore(root), out };
  return newWorkflowState({
    workflowId: WORKFLOW_ID,
    version: VERSION,
    currentStage: 'scan',
    status: { kind: 'running', currentStage: 'scan' },
    input: { audit: encodeJson(input) },
  });
}

/** Whether this code can take that run on. */
export function isAudit({ workflowId, version }: WorkflowState): boolean {
  return workflowId === WORKFLOW_ID && version.major === VERSION.major;
}

export const stages: readonly Stage[] = [
  {
    name: 'scan',
    batches(state) {
      const { root, directories } = inputOf(state);
      return inBatches(directories, 50, (directory) => findPackage(root, directory));
    },
  },
  {
    name: 'hash',
    batches(state) {
      const { root } = inputOf(state);
      return inBatches(packagesOf(state), 12, ({ path }) => fingerprint(join(root, path)));
    },
  },
  {
    name: 'licences',
    batches(state) {
      const { root } = inputOf(state);
      return inBatches(packagesOf(state), 24, ({ path }) => readLicence(root, path));
    },
  },
  {
    name: 'report',
    batches(state) {
      const { out } = inputOf(state);
      const report = buildReport(audited(state));
      const files = [
        { file: 'dependency-audit.json', text: `${JSON.stringify(report, undefined, 2)}\n` },
        { file: 'dependency-audit.md', text: renderMarkdown(report) },
      ];
      return inBatches(files, 2, ({ file, text }) => writeReport(out, file, text));
    },
  },
];

/** What a completed run has written. */
export function reportFilesOf(state: WorkflowStateInput): readonly ReportFile[] {
  return resultsOf<ReportFile>(state, 'report');
}

function inputOf(state: WorkflowStateInput): AuditInput {
  const bytes = state.input['audit'];
  if (bytes === undefined) throw new Error('this run has no input');
  return decodeJson<AuditInput>(bytes);
}

function packagesOf(state: WorkflowStateInput): readonly InstalledPackage[] {
  // JSON has null for the directories without a package.
  return resultsOf<InstalledPackage | null>(state, 'scan').filter((found) => found !== null);
}

function audited(state: WorkflowStateInput): readonly AuditedPackage[] {
  const hashes = resultsOf<Fingerprint>(state, 'hash');
  const licences = resultsOf<string>(state, 'licences');
  return packagesOf(state).map(({ name, version }, index) => {
    const [hash, licence] = [hashes[index], licences[index]];
    if (hash === undefined || licence === undefined) throw new Error(`${name} was not looked at`);
    return { name, version, licence, ...hash };
  });
}

function inBatches<T>(
  items: readonly T[],
  size: number,
  work: (item: T) => Promise<unknown>,
): readonly (readonly Task[])[] {
  const batches: Task[][] = [];
  for (let start = 0; start < items.length; start += size) {
    batches.push(items.slice(start, start + size).map((item) => () => work(item)));
  }
  return batches;
}

/** Renamed into place, so that a reader never sees half a report; done twice, it leaves the same. */
async function writeReport(out: string, file: string, text: string): Promise<ReportFile> {
  await mkdir(out, { recursive: true });
  const path = join(out, file);
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
  return { file, sha256: createHash('sha256').update(text).digest('hex') };
}
