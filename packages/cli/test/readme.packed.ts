// The transcripts of the README are what the command prints. `UPDATE_README=1` writes them anew.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { installed, onTerminal, place } from './support/command.js';
import { seedOrders } from './support/seed.js';

const path = fileURLToPath(new URL('../README.md', import.meta.url));
const DURABLE = '✓ durability          on ext2/3/4; an acknowledged save survives a power cut\n';
const BLOCK = /^```console\n(.*?)^```$/gms;

it('every transcript in the README is what the command prints', { timeout: 120_000 }, async () => {
  // On a disk, as doctor advises.
  const cwd = place(installed);
  await seedOrders(`${cwd}/orders`);
  const before = readFileSync(path, 'utf8');
  let after = before;
  for (const [block, body = ''] of before.matchAll(BLOCK)) {
    let transcript = '';
    for (const command of body.split('\n').filter((line) => line.startsWith('$ '))) {
      const args = command
        .slice('$ workflow-state '.length)
        .replace(/ \| cat$/, '')
        .split(' ');
      const { screen } = await onTerminal(args, {
        cwd,
        env: { NO_COLOR: '1', WORKFLOW_STATE_URL: 'file:./orders' },
        piped: command.endsWith('| cat'),
      });
      transcript += `${command}\n${settled(screen, cwd)}`;
    }
    after = after.replace(block, () => `\`\`\`console\n${transcript}\`\`\``);
  }
  if (process.env['UPDATE_README'] !== undefined) writeFileSync(path, after);
  expect(after).toBe(process.env['UPDATE_README'] === undefined ? before : after);
});

/** Without what differs from machine to machine and from day to day. */
function settled(screen: string, cwd: string): string {
  return screen
    .replaceAll(cwd, '/srv')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '2026-01-05T08:30:00.000Z')
    .replace(/workflow-state \d+\.\d+\.\d+, Node\.js \S+ on \S+/, 'workflow-state 1.0.0, Node.js 24.11.1 on linux')
    .replace(/[✓!] durability .*\n(?: +→.*\n)?/, DURABLE)
    .replace(/\d+ MiB free(?:, room for \d+ more files)?/, '77199 MiB free, room for 16147104 more files');
}
