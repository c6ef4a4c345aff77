/** What the person at the command line has to mend. Shown without a stack. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}
