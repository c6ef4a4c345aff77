import { InstanceId } from '@workflow-state/core';
import { describe, expect, it } from 'vitest';
import { judge, type JournalLine } from '../src/journal.js';

const run = InstanceId.generate();

function lines(...entries: readonly string[]): readonly JournalLine[] {
  return entries.map((entry) => {
    const [what, batch] = entry.split(' ');
    return { run, pid: 1, what: what === 'saved' ? 'saved' : 'begins', stage: 'hash', batch: Number(batch) };
  });
}

describe('judge', () => {
  it('finds nothing wrong with batches that were done once', () => {
    expect(judge(lines('begins 0', 'saved 0', 'begins 1', 'saved 1'))).toEqual({
      finished: 2,
      cutOff: [],
      repeated: [],
    });
  });

  it('tells a batch that was cut off from one that was done again after its checkpoint', () => {
    const verdict = judge(lines('begins 0', 'saved 0', 'begins 1', 'begins 1', 'saved 1', 'begins 0', 'saved 0'));
    expect(verdict).toEqual({ finished: 2, cutOff: ['hash 2'], repeated: ['hash 1'] });
  });
});
