// A registry of this repository's packages, packed: what npm would find had they been published. All else it sends on to
// the registry that npm is set to.
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { packages, root } from './packages.mjs';

/**
 * Packs these into `scratch`, and serves them until `close`. Needs pnpm on the PATH.
 * @param {readonly string[]} names @param {string} scratch
 */
export async function localRegistry(names, scratch) {
  const upstream = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim().replace(/\/$/, '');
  const ours = new Map(names.map((name) => [name, packed(name, scratch)]));

  const server = createServer(({ url = '' }, response) => {
    const name = decodeURIComponent(url.slice(1));
    const [tarball] = [...ours.values()].filter((one) => url === one.path);
    const found = ours.get(name);
    if (tarball !== undefined) response.end(tarball.bytes);
    else if (found === undefined) response.writeHead(307, { location: `${upstream}${url}` }).end();
    else {
      const { manifest, path, bytes } = found;
      const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
      const version = { ...manifest, dist: { tarball: `${address()}${path}`, integrity } };
      response.setHeader('content-type', 'application/json');
      const { version: number } = manifest;
      response.end(JSON.stringify({ name, 'dist-tags': { latest: number }, versions: { [number]: version } }));
    }
  });
  const address = () => `http://127.0.0.1:${server.address().port}`;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: address(), close: () => server.close() };
}

/** @param {string} name @param {string} scratch */
function packed(name, scratch) {
  const directory = join(scratch, name.replace('/', '-'));
  mkdirSync(directory, { recursive: true });
  const { dir } = packages.find(({ manifest }) => manifest.name === name);
  execFileSync('pnpm', ['pack', '--pack-destination', directory], {
    cwd: join(root, dir),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [file] = readdirSync(directory);
  const tarball = join(directory, file);
  const manifest = execFileSync('tar', ['-xzOf', tarball, 'package/package.json'], { encoding: 'utf8' });
  return { manifest: JSON.parse(manifest), path: `/-tarballs/${file}`, bytes: readFileSync(tarball) };
}
