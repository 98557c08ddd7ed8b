import crypto from 'node:crypto';
import fs from 'node:fs';
import { hashFile } from '#dist/isolated/shared/sha256.js';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
afterEach(() => jest.restoreAllMocks());

const contents = Buffer.alloc(3 * 1024 * 1024, 'page');

test('the hash is that of the whole file', async () => {
  fs.writeFileSync(folder.file('f'), contents);
  expect(await hashFile(folder.file('f'))).toBe(crypto.createHash('sha256').update(contents).digest('hex'));
});

test('a disk that says too early that the file is at its end gets no hash of a part recorded', async () => {
  fs.writeFileSync(folder.file('f'), contents);
  const read = fs.readSync;
  let calls = 0;
  jest
    .spyOn(fs, 'readSync')
    .mockImplementation((...given: Parameters<typeof read>) => (++calls === 2 ? 0 : read(...given)));
  await expect(hashFile(folder.file('f'))).rejects.toThrow('has 3145728 bytes, and 1048576 of them could be read');
});
