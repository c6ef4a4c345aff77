/** What files of core's sources export that core does not: its codec, to be measured, and lent to contenders. */
export async function coreSource<Exports>(...files: readonly string[]): Promise<Exports> {
  const root = new URL('../../../', import.meta.url);
  const { fromSource } = (await import(new URL('scripts/from-source.mjs', root).href)) as {
    readonly fromSource: (src: URL, ...files: readonly string[]) => Promise<Exports>;
  };
  return fromSource(new URL('packages/core/src/', root), ...files);
}
