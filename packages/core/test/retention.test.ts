import { describe, expect, it } from 'vitest';
import { checkRetention, toMilliseconds } from '../src/retention.js';

describe('a retention', () => {
  it('is one duration for every terminal kind', () => {
    expect([...checkRetention(5)]).toEqual([
      ['completed', 5],
      ['failed', 5],
      ['cancelled', 5],
    ]);
  });

  it('adds its parts', () => {
    const parts = { days: 1, hours: 2, minutes: 3, seconds: 4, milliseconds: 5 };
    expect(checkRetention(parts).get('failed')).toBe(86_400_000 + 7_200_000 + 180_000 + 4000 + 5);
    expect(checkRetention({ days: 0.5, hours: undefined }).get('failed')).toBe(43_200_000);
  });

  it('keeps a kind that is not named', () => {
    expect([...checkRetention({ failed: { days: 90 }, completed: undefined })]).toEqual([['failed', 7_776_000_000]]);
  });

  it.each([
    [undefined, 'retention'],
    [null, 'retention'],
    [-1, 'retention'],
    [Number.NaN, 'retention'],
    [Infinity, 'retention'],
    [
      '30d',
      'retention: expected milliseconds, { days, hours, minutes, seconds, milliseconds }, or these by terminal kind, got "30d"',
    ],
    [[1], 'retention'],
    [{}, 'retention: expected one of days, hours, minutes, seconds, milliseconds'],
    [{ weeks: 1 }, 'retention.weeks'],
    [{ days: -1 }, 'retention.days'],
    [{ days: '1' }, 'retention.days'],
    [{ completed: { days: 1 }, running: 5 }, 'retention.running'],
    [{ completed: 1, days: 1 }, 'retention.days'],
    [{ failed: Number.NaN }, 'retention.failed'],
    [{ failed: {} }, 'retention.failed'],
  ])('refuses %j, naming the place', (retention, place) => {
    expect(() => checkRetention(retention)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(() => checkRetention(retention)).toThrow(place);
  });
});

describe('a duration', () => {
  it('is the same wherever one is taken, and is refused by the name it has there', () => {
    expect([toMilliseconds({ minutes: 1, seconds: 30 }), toMilliseconds(5)]).toEqual([90_000, 5]);
    expect(() => toMilliseconds(-1)).toThrow(/^duration: /);
    expect(() => toMilliseconds({ seconds: -1 }, 'options.for')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('options.for.seconds') }),
    );
  });
});
