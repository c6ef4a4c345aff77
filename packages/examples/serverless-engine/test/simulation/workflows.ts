// The workflow of the example, once with an approval that somebody has to send, once with one that nobody waits for long;
// and its input: documents of this repository.
import { readFileSync } from 'node:fs';
import { type Publish, wordReport } from '../../src/word-report.js';
import type { Workflow } from '../../src/workflow.js';

export function workflowsOf(reportUrl: string): readonly Workflow[] {
  const publish: Publish = async ({ run, fence, text }) => {
    const headers = { 'idempotency-key': run, 'x-fence': String(fence) };
    const answer = await fetch(reportUrl, { method: 'PUT', headers, body: text });
    if (!answer.ok) throw new Error(`the report was answered ${answer.status}`);
  };
  return [
    wordReport('approved', publish, { event: 'approved' }),
    wordReport('timed', publish, { event: 'approved', within: 300 }),
  ];
}

const NAMES = [
  'CONTRIBUTING.md',
  'packages/memory/README.md',
  'packages/core/README.md',
  '.changeset/first-release.md',
];

/** One or two documents; `number` decides which. */
export function documents(root: URL, number: number): Readonly<Record<string, string>> {
  const names = new Set([NAMES[number % 4]!, NAMES[(number >> 2) % 4]!]);
  return Object.fromEntries([...names].map((name) => [name, readFileSync(new URL(name, root), 'utf8')]));
}
