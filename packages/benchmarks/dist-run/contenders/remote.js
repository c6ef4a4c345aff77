import { fork } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newerNode } from './installed.js';
export const CONTENDER_PROCESS = fileURLToPath(new URL('./contender-process.js', import.meta.url));
/** @throws where it cannot run here, saying why. */
export function nodeOf({ newerNode: newer = false }) {
  if (!newer) return process.execPath;
  const found = newerNode();
  if (found === undefined) throw new Error('needs Node.js 24 or newer, and the contenders have none for this platform');
  return found.path;
}
export async function startContender(contender, parent, { bytes, instances }) {
  const directory = join(parent, contender.name.replaceAll(/\W+/g, '-'));
  mkdirSync(directory);
  const child = fork(CONTENDER_PROCESS, [contender.name, directory, String(bytes), String(instances)], {
    execPath: nodeOf(contender),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaints = '';
  child.stderr?.on('data', (text) => (complaints = `${complaints}${String(text)}`.slice(-2000)));
  const end = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.send('end', () => {});
      const late = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(late);
    }
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await nextAnswer(child, () => complaints);
  } catch (error) {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
  return {
    contender,
    run(batch) {
      const answer = nextAnswer(child, () => complaints);
      child.send(batch);
      return answer;
    },
    end,
  };
}
function nextAnswer(child, complaints) {
  return new Promise((resolve, reject) => {
    const onExit = (code, signal) => {
      child.off('message', onMessage);
      reject(new Error(`its process ended with ${signal ?? code}: ${complaints().trim().split('\n').at(-1) ?? ''}`));
    };
    const onMessage = (answer) => {
      child.off('exit', onExit);
      if ('error' in answer) reject(new Error(answer.error));
      else resolve(answer.time);
    };
    child.once('message', onMessage);
    child.once('exit', onExit);
  });
}
//# sourceMappingURL=remote.js.map
