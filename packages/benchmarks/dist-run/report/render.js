// Charts and README from the results that are committed: the same results give the same files, which a test checks.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { GROUPS } from '../groups/all.js';
import { readResult } from '../results.js';
import { chartsOf } from './charts.js';
import { fillReadmes } from './readme.js';
import { toSvg } from './svg.js';
const CHARTS = new URL('../../charts/', import.meta.url);
export function committedResults() {
  return new Map(
    GROUPS.flatMap(({ name }) => {
      const result = readResult(name);
      return result === undefined ? [] : [[name, result]];
    }),
  );
}
/** Each file by its path, with the text that it should have. */
export async function rendered(results) {
  const files = new Map();
  for (const { file, spec } of chartsOf(results)) files.set(fileURLToPath(new URL(file, CHARTS)), await toSvg(spec));
  for (const [path, text] of fillReadmes(results)) files.set(path, text);
  return files;
}
/** @returns the paths of the files that it changed. */
export async function render() {
  mkdirSync(CHARTS, { recursive: true });
  const files = await rendered(committedResults());
  for (const name of readdirSync(CHARTS)) {
    const path = fileURLToPath(new URL(name, CHARTS));
    if (!files.has(path)) rmSync(path);
  }
  return [...files].flatMap(([path, text]) => {
    if (textOf(path) === text) return [];
    writeFileSync(path, text);
    return [path];
  });
}
function textOf(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
//# sourceMappingURL=render.js.map
