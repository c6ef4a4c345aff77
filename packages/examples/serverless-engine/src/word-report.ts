// The workflow: takes documents, splits them, counts their words, merges the counts, waits for an approval, publishes a
// report. The texts travel in the input; a run over larger ones would carry references to them.

import { decodeJson, encodeJson, type WorkflowState } from '@workflow-state/core';
import type { Wait, Workflow } from './workflow.js';

/** Delivers a report. It may be called twice for one run: `run` is the same then, and `fence` not lower. */
export type Publish = (report: {
  readonly run: string;
  readonly fence: number;
  readonly text: string;
}) => Promise<void>;

type Counts = Readonly<Record<string, number>>;

/** Of one document, from one character to another. */
interface Chunk {
  readonly document: string;
  readonly from: number;
  readonly to: number;
}

/** Characters, at least. */
export const CHUNK = 4000;

export function wordReport(id: string, publish: Publish, approval: Omit<Wait, 'name'>): Workflow {
  return {
    id,
    version: { major: 1, minor: 0, patch: 0 },
    steps: [
      {
        name: 'split',
        run: async ({ input }) => ({
          state: { chunks: encodeJson(Object.keys(input).flatMap((name) => split(name, read(input, name)))) },
        }),
      },
      { name: 'count', run: async (state) => countNext(state), attempts: 20 },
      {
        name: 'merge',
        run: async ({ state }) => ({ state: { report: encodeJson(render(read<readonly Counts[]>(state, 'counts'))) } }),
      },
      { name: 'approval', ...approval },
      {
        name: 'publish',
        attempts: 20,
        backoff: 500,
        async run({ instanceId, state }, { fence }) {
          const text = read<string>(state, 'report');
          await publish({ run: instanceId, fence, text });
          return { state: { report: encodeJson(text) } };
        },
      },
    ],
  };
}

function countNext({ input, state }: WorkflowState) {
  const chunks = read<readonly Chunk[]>(state, 'chunks');
  const counts = state['counts'] === undefined ? [] : read<readonly Counts[]>(state, 'counts');
  const chunk = chunks[counts.length];
  const more = chunk === undefined ? [] : [count(read<string>(input, chunk.document).slice(chunk.from, chunk.to))];
  const all = [...counts, ...more];
  return { state: { counts: encodeJson(all) }, repeat: all.length < chunks.length };
}

/** Cut between words. */
function split(document: string, text: string): readonly Chunk[] {
  const chunks: Chunk[] = [];
  for (let from = 0; from < text.length;) {
    const space = text.indexOf(' ', from + CHUNK);
    const to = space === -1 ? text.length : space;
    chunks.push({ document, from, to });
    from = to;
  }
  return chunks;
}

export function count(text: string): Counts {
  const counts = new Map<string, number>();
  for (const [word] of text.toLowerCase().matchAll(/\p{L}+/gu)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return Object.fromEntries(counts);
}

export function render(parts: readonly Counts[]): string {
  const total = new Map<string, number>();
  for (const part of parts)
    for (const [word, times] of Object.entries(part)) total.set(word, (total.get(word) ?? 0) + times);
  const rows = [...total].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const words = rows.reduce((sum, [, times]) => sum + times, 0);
  return [`${words} words, ${rows.length} different`, ...rows.slice(0, 10).map(([word, n]) => `${n} ${word}`)].join(
    '\n',
  );
}

function read<T = string>(map: Readonly<Record<string, Uint8Array>>, key: string): T {
  const bytes = map[key];
  if (bytes === undefined) throw new Error(`there is no ${key}`);
  return decodeJson<T>(bytes);
}
