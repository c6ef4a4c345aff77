// On a real S3 server on this machine: requests of each operation, counted; latency beside the raw SDK, which asks for the
// same bytes; a listing by status beside the reading of every object.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { GroupResult } from '../results.js';
import type { Group } from './group.js';

const WITH_CEPH = fileURLToPath(new URL('../../../../scripts/with-ceph.mjs', import.meta.url));
const PROCESS = fileURLToPath(new URL('./s3-process.js', import.meta.url));

export const S3: Group = {
  name: 's3',
  title: 'S3, on a real server',
  packages: ['@aws-sdk/client-s3'],
  async run({ quick, progress }) {
    progress('the server starts');
    const child = spawn(process.execPath, [WITH_CEPH, '--', process.execPath, PROCESS, ...(quick ? ['quick'] : [])], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let complaints = '';
    child.stdout.on('data', (chunk: Buffer) => (output += String(chunk)));
    child.stderr.on('data', (chunk: Buffer) => {
      complaints += String(chunk);
      progress(complaints.trim().split('\n').at(-1) ?? '');
    });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`ended with ${code}: ${complaints.trim()}`);
    return JSON.parse(output) as Pick<GroupResult, 'facts' | 'tables'>;
  },
};
