// What a run leaves: one file of JSON per group, from which charts and README are made without running anything.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
/** What a contender that cannot run here says, without the folders of this machine. */
export function missingBecause(name, error) {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.split('\n').find((one) => one.includes('Error')) ?? text.split('\n')[0] ?? '';
  const why = line.replace(/^.*?Error(?: \[\w+\])?: /, '').replace(/ imported from .*$/, '');
  return { name, why: why.replaceAll(/(?:file:\/\/)?(?:\/[\w.@-]+){2,}/g, '…') };
}
const directory = new URL('../results/', import.meta.url);
export function readResult(group) {
  const file = new URL(`${group}.json`, directory);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}
/** @returns the path. */
export function writeResult(result) {
  const file = fileURLToPath(new URL(`${result.group}.json`, directory));
  writeFileSync(file, `${JSON.stringify(result, undefined, 1)}\n`);
  return file;
}
//# sourceMappingURL=results.js.map
