import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { readSmallFile } from '#dist/util/read-small-file.js';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
const MEGABYTE = 1024 * 1024;

test('a small file is read whole, up to a megabyte', () => {
  for (const size of [0, 1, MEGABYTE]) {
    fs.writeFileSync(folder.file('f'), 'x'.repeat(size));
    expect(readSmallFile(folder.file('f'))).toHaveLength(size);
  }
});

test('a larger one is refused without reading it', () => {
  fs.writeFileSync(folder.file('f'), 'x'.repeat(MEGABYTE + 1));
  // Sparse: reading it would need more memory than there is.
  fs.writeFileSync(folder.file('huge'), '');
  fs.truncateSync(folder.file('huge'), 2 ** 40);
  expect(() => readSmallFile(folder.file('f'))).toThrow('not a regular file of at most 1048576 bytes');
  expect(() => readSmallFile(folder.file('huge'))).toThrow('not a regular file');
});

test('links, folders and pipes are refused, and a missing file says ENOENT', () => {
  fs.writeFileSync(folder.file('f'), 'secret');
  fs.symlinkSync(folder.file('f'), folder.file('link'));
  fs.mkdirSync(folder.file('folder'));
  if (process.platform !== 'win32') execFileSync('mkfifo', [folder.file('pipe')]);
  for (const name of ['link', 'folder', ...(process.platform === 'win32' ? [] : ['pipe'])]) {
    expect(() => readSmallFile(folder.file(name))).toThrow('not a regular file');
  }
  expect(() => readSmallFile(folder.file('missing'))).toThrow(expect.objectContaining({ code: 'ENOENT' }));
});

test('what takes the place of the file after the look is not followed, and blocks nothing', () => {
  if (process.platform === 'win32') return;
  fs.writeFileSync(folder.file('f'), 'harmless');
  const stats = fs.lstatSync(folder.file('f'));
  fs.writeFileSync(folder.file('secret'), 'secret!!');
  const look = jest.spyOn(fs, 'lstatSync').mockReturnValue(stats);
  try {
    for (const plant of [
      () => fs.symlinkSync(folder.file('secret'), folder.file('f')),
      () => execFileSync('mkfifo', [folder.file('f')]),
      () => fs.mkdirSync(folder.file('f')),
    ]) {
      fs.rmSync(folder.file('f'), { recursive: true });
      plant();
      expect(() => readSmallFile(folder.file('f'))).toThrow();
    }
  } finally {
    look.mockRestore();
  }
});
