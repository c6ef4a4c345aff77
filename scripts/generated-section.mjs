// The parts of a page that a program writes stand between `<!-- generated: name -->` and `<!-- end: name -->`.
import { readFileSync, writeFileSync } from 'node:fs';

/** @param {string} file @param {string} name */
export function sectionOf(file, name) {
  return split(file, name)[1].trim();
}

/** @param {string} file @param {string} name @param {string} text */
export function replaceSection(file, name, text) {
  const [before, , after] = split(file, name);
  writeFileSync(file, `${before}\n${text}\n${after}`);
}

/** @param {string} file @param {string} name */
function split(file, name) {
  const page = readFileSync(file, 'utf8');
  const begin = page.indexOf('\n', page.indexOf(`<!-- generated: ${name}`));
  const end = page.indexOf(`<!-- end: ${name} -->`);
  if (begin === -1 || end < begin) throw new Error(`${file} has no generated section ${name}`);
  return [page.slice(0, begin), page.slice(begin, end), page.slice(end)];
}
