// What the type of a filesystem, as `statfs(2)` has it, says about the promises that can be kept there.

import { call, type Steps } from './file-ops.js';

/** Directory operations become durable in the order they were made; and tmpfs, which keeps nothing. */
export const ORDERED: ReadonlySet<number> = new Set([
  0xef53 /* ext2, ext3, ext4 */, 0x58465342 /* xfs */, 0x01021994 /* tmpfs */,
]);

/** Where a rename that is sent twice reports that it failed although it worked, and where several hosts meet. */
export const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x5346414f, 'AFS'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
]);

/** Somebody else's program answers, and nobody knows what it promises: a network, the host of a virtual machine, a disk. */
export const UNKNOWN: ReadonlyMap<number, string> = new Map([
  [0x65735546, 'FUSE'],
  [0x01021997, '9p'],
  [0x786f4256, 'vboxsf'],
]);

const OVERLAY = 0x794c7630;

const warned = new Set<string>();

/** Says once per directory what is doubtful about it, where that is no reason to refuse. */
export function* warnOf(root: string, type: number, durable: boolean): Steps<void> {
  if (warned.has(root)) return;
  const name = UNKNOWN.get(type);
  if (name !== undefined) {
    warn(
      root,
      'WORKFLOW_STATE_UNKNOWN_FILESYSTEM',
      `the filesystem of ${root} (${name}) is served by another program: whether it renames atomically${durable ? ' and keeps what it says it has synced' : ''} is not known; use a local disk, or the S3 backend`,
    );
  } else if (durable && type === OVERLAY && isVolatile(root, yield* readMounts())) {
    warn(
      root,
      'WORKFLOW_STATE_VOLATILE',
      `${root} is on an overlay mounted volatile, where a sync does nothing: no save survives a power cut; put the store on a volume`,
    );
  }
}

function warn(root: string, code: string, message: string): void {
  warned.add(root);
  process.emitWarning(message, { type: 'WorkflowStateWarning', code });
}

/** Empty where there is no such file. */
function* readMounts(): Steps<string> {
  const bytes = new Uint8Array(1 << 18);
  let length = 0;
  try {
    const handle = yield* call('open', '/proc/self/mountinfo');
    try {
      for (let count = -1; count !== 0 && length < bytes.length; length += count)
        count = yield* call('read', handle, bytes, length);
    } finally {
      yield* call('close', handle);
    }
  } catch {
    return '';
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}

/** Of the innermost overlay around `root`. The format is in proc(5): mount point fifth, its options last. */
function isVolatile(root: string, mounts: string): boolean {
  let innermost = '';
  let answer = false;
  for (const line of mounts.split('\n')) {
    const [mount = '', filesystem = ''] = line.split(' - ');
    const [type, , options = ''] = filesystem.split(' ');
    const point = (mount.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const inside = root === point || root.startsWith(point.endsWith('/') ? point : `${point}/`);
    // Of two at one place the later one is on top.
    if (type !== 'overlay' || !inside || point.length < innermost.length) continue;
    innermost = point;
    // Newer kernels show the second, whichever was given.
    answer = options.split(',').some((option) => option === 'volatile' || option === 'fsync=volatile');
  }
  return answer;
}
