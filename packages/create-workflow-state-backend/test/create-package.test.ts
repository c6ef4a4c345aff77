import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPackage } from '../src/create-package.js';
import { namesFrom } from '../src/names.js';

const versions = {
  '@workflow-state/core': '^1.2.3',
  '@types/node': '20.1.0',
  'fast-check': '4.0.0',
  typescript: '7.0.0',
};

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'create-backend-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('the names', () => {
  it.each([
    ['my-backend', 'my-backend', 'myBackend'],
    ['workflow-state-redis', 'workflow-state-redis', 'redisBackend'],
    ['@acme/redis-cluster_backend', 'redis-cluster_backend', 'redisClusterBackend'],
    ['@acme/workflow-state-backend', 'workflow-state-backend', 'myBackend'],
    ['workflow-state-3d', 'workflow-state-3d', 'my3dBackend'],
    ['a.b', 'a.b', 'aBBackend'],
  ])('of %s are %s and %s', (name, file, called) => {
    expect(namesFrom(name)).toEqual({ package: name, file, function: called });
  });

  it.each([
    '',
    'My-Backend',
    '3d',
    '.hidden',
    '-x',
    'a b',
    '../x',
    '@acme',
    '@acme/',
    '@acme/a/b',
    'node_modules',
    'é',
    'a'.repeat(215),
  ])('are not made from %j', (name) => {
    expect(() => namesFrom(name)).toThrow('is not a name for a package');
  });
});

describe('a new package', () => {
  it('has its own names everywhere, and the versions it was given', () => {
    const directory = join(home, 'new/redis');
    createPackage({ directory, names: namesFrom('@acme/workflow-state-redis'), versions });
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.map(({ name }) => name).sort()).toEqual([
      '.gitignore',
      'README.md',
      'conformance.test.ts',
      'harness.ts',
      'index.ts',
      'package.json',
      'test.yml',
      'tsconfig.json',
      'workflow-state-redis.ts',
    ]);
    const text = files.map(({ name, parentPath }) => readFileSync(join(parentPath, name), 'utf8')).join('');
    expect(text).not.toMatch(/my-?backend/i);
    expect(text).toContain("from './workflow-state-redis.js'");
    expect(text).toContain("name: 'workflow-state-redis'");
    expect(text).toContain("from '@acme/workflow-state-redis'");
    expect(text).toContain('export function redisBackend({ place = new MyPlace() }: RedisBackendOptions');
    expect(JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))).toMatchObject({
      name: '@acme/workflow-state-redis',
      dependencies: { '@workflow-state/core': '^1.2.3' },
      devDependencies: { '@types/node': '20.1.0', 'fast-check': '4.0.0', typescript: '7.0.0' },
    });
  });

  it('is made in an empty directory that is there already', () => {
    createPackage({ directory: home, names: namesFrom('a'), versions });
    expect(readdirSync(home)).toContain('package.json');
  });

  it('is refused where there is something, and leaves it alone', () => {
    writeFileSync(join(home, 'notes'), 'mine');
    expect(() => createPackage({ directory: home, names: namesFrom('a'), versions })).toThrow(
      'not empty (it has notes)',
    );
    expect(() => createPackage({ directory: join(home, 'notes'), names: namesFrom('a'), versions })).toThrow(
      'is a file',
    );
    expect(readdirSync(home)).toEqual(['notes']);
  });

  it('is not begun without every version', () => {
    const directory = join(home, 'new');
    mkdirSync(directory);
    const { typescript: _, ...some } = versions;
    expect(() => createPackage({ directory, names: namesFrom('a'), versions: some })).toThrow(
      'no version of typescript',
    );
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('the template', () => {
  it('begins with at most a hundred lines of backend', () => {
    const source = readFileSync(new URL('../template/src/my-backend.ts', import.meta.url), 'utf8');
    expect(source.split('\n').length - 1).toBeLessThanOrEqual(100);
  });
});
