/** The demo did not show what it set out to show. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure';
}
