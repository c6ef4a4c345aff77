// What a new author does, in an empty folder with an empty home: npm create, npm install, npm test, and the suite as a
// command; from the packages as they would be published. The guide shows what it prints.
//   node scripts/create-check.mjs            after a build; needs pnpm on the PATH
//   node scripts/create-check.mjs --write    puts it into the guide
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { replaceSection, sectionOf } from './generated-section.mjs';
import { localRegistry } from './local-registry.mjs';
import { root } from './packages.mjs';

const GUIDE = join(root, 'packages/core/WRITING-A-BACKEND.md');
const DIRECTORY = 'my-backend';

const home = mkdtempSync(join(tmpdir(), 'new-author-'));
const work = join(home, 'work');
mkdirSync(work);
mkdirSync(join(home, 'home'));
const registry = await localRegistry(['@workflow-state/core', 'create-workflow-state-backend'], join(home, 'tarballs'));
// Only what npm has downloaded before is shared with the true home.
const cache = process.env['npm_config_cache'] ?? join(homedir(), '.npm');
const env = {
  PATH: process.env['PATH'],
  HOME: join(home, 'home'),
  npm_config_registry: registry.url,
  npm_config_cache: cache,
  npm_config_prefer_offline: 'true',
  npm_config_yes: 'true',
  npm_config_fund: 'false',
  npm_config_audit: 'false',
  npm_config_update_notifier: 'false',
  NO_COLOR: '1',
};

try {
  const transcript = [
    await say(`npm create workflow-state-backend ${DIRECTORY}`, work, everything),
    `$ cd ${DIRECTORY}\n`,
    await say('npm install', join(work, DIRECTORY), everything),
    await say('npm test', join(work, DIRECTORY), endsOf),
    await say(
      'npx --package @workflow-state/core workflow-state-conformance dist/test/harness.js',
      join(work, DIRECTORY),
      withoutReasons,
    ),
  ].join('');
  const section = `\`\`\`console\n${steady(transcript)}\`\`\``;
  if (process.argv.includes('--write')) replaceSection(GUIDE, 'transcript', section);
  // Numbers of cases may have moved on; a command, a word or a line may not.
  else if (digitless(sectionOf(GUIDE, 'transcript')) !== digitless(section)) {
    console.error(section);
    throw new Error('the transcript in WRITING-A-BACKEND.md is another: node scripts/create-check.mjs --write');
  }
  for (const left of ['.npmrc', '.config', '.cache'])
    if (existsSync(join(home, 'home', left))) throw new Error(`something was left in the home of the author: ${left}`);
  console.log(`from npm create to a green suite, as the guide shows it`);
} finally {
  registry.close();
  rmSync(home, { recursive: true, force: true });
}

/** Runs a command that must succeed. @param {string} command @param {string} cwd @param {(output: string) => string} shown */
async function say(command, cwd, shown) {
  const begin = performance.now();
  const [output, code] = await run(command, cwd);
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${output}`);
  console.log(`${command}: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  return `$ ${command}\n${shown(output)}`;
}

/** Not synchronous, because the registry is in this process. @param {string} command @param {string} cwd */
function run(command, cwd) {
  return new Promise((resolve, reject) => {
    const [program, ...args] = command.split(' ');
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.once('error', reject);
    child.once('close', (code) => resolve([output, code]));
  });
}

/** @param {string} output */
function everything(output) {
  return `${output.trim()}\n`;
}

/** The first cases and the last ones of a test run. @param {string} output */
function endsOf(output) {
  const lines = everything(output).split('\n');
  const from = lines.findIndex((line) => line.includes('conformance of'));
  return [...lines.slice(from, from + 8), '…', ...lines.slice(-12)].join('\n');
}

/** A report without the cases that do not concern this backend. @param {string} output */
function withoutReasons(output) {
  return everything(output).replace(/\nunsupported:\n.*?\n(?=not run:)/s, '\n…\n\n');
}

/** Without what differs from run to run. @param {string} text */
function steady(text) {
  return text
    .replaceAll(/ \(\d+(?:\.\d+)?ms\)/g, '')
    .replaceAll(/duration_ms [\d.]+/g, 'duration_ms …')
    .replaceAll(/(added|changed) \d+ packages? in \S+/g, '$1 … packages')
    .replaceAll(/seed \d+/g, 'seed …')
    .replaceAll(/^> .*\n+/gm, '')
    .replaceAll(/^npm (?:warn|notice).*\n/gm, '');
}

/** @param {string} text */
function digitless(text) {
  return text.replaceAll(/\d+/g, '0').replaceAll(/ +/g, ' ');
}
