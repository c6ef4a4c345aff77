import { vi } from 'vitest';

/** The longest that each wait may take, in milliseconds; none takes any time, until `vi.restoreAllMocks`. */
export function recordWaits(): readonly number[] {
  const waits: number[] = [];
  vi.spyOn(Math, 'random').mockReturnValue(1);
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, wait: number) => {
    waits.push(wait);
    setImmediate(run);
  }) as unknown as typeof setTimeout);
  return waits;
}
