import fs from 'node:fs';
import * as durable from '#dist/util/durable-files.js';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
const from = () => folder.file('.app.partial');
const to = () => folder.file('app.db');
const noHardLinks = () => Object.assign(new Error('operation not permitted'), { code: 'EPERM' });

beforeEach(() => fs.writeFileSync(from(), 'new'));
afterEach(() => jest.restoreAllMocks());

// The disks of this machine have hard links, so that the lack of them is the one thing that is put on.
describe.each([
  ['renameNoReplace', async () => durable.renameNoReplace(from(), to()), 'linkSync', 'renameSync'],
  ['renameNoReplaceAsync', () => durable.renameNoReplaceAsync(from(), to()), 'link', 'rename'],
] as const)('%s', (_name, move, link, rename) => {
  const failing = (verb: typeof link | typeof rename, error: Error) => {
    const fail = () => {
      throw error;
    };
    if (verb === 'linkSync' || verb === 'renameSync') jest.spyOn(fs, verb).mockImplementation(fail);
    else jest.spyOn(fs.promises, verb).mockRejectedValue(error);
  };

  test.each([true, false])('gives a file its name and takes the old one away; hard links: %s', async (hardLinks) => {
    if (!hardLinks) failing(link, noHardLinks());
    expect(await move()).toBe(true);
    expect(folder.list()).toEqual(['app.db']);
    expect(fs.readFileSync(to(), 'utf8')).toBe('new');
  });

  test.each([true, false])('never overwrites, an empty file neither; hard links: %s', async (hardLinks) => {
    if (!hardLinks) failing(link, noHardLinks());
    for (const text of ['mine', '']) {
      fs.writeFileSync(to(), text);
      expect(await move()).toBe(false);
      expect(fs.readFileSync(to(), 'utf8')).toBe(text);
      expect(fs.readFileSync(from(), 'utf8')).toBe('new');
    }
  });

  test('of two that move to one name without hard links one succeeds', async () => {
    failing(link, noHardLinks());
    fs.writeFileSync(folder.file('.other.partial'), 'other');
    const other = () => durable.renameNoReplaceAsync(folder.file('.other.partial'), to());
    const [mine, theirs] = await Promise.all([move(), other()]);
    expect([mine, theirs].filter(Boolean)).toHaveLength(1);
    expect(fs.readFileSync(to(), 'utf8')).toBe(mine ? 'new' : 'other');
    expect(folder.list()).toHaveLength(2);
  });

  test('any other failure of the link is no reason to rename', async () => {
    failing(link, Object.assign(new Error('i/o error'), { code: 'EIO' }));
    await expect(async () => move()).rejects.toThrow('i/o error');
    expect(folder.list()).toEqual(['.app.partial']);
  });

  test('without hard links, a rename that fails leaves the name free', async () => {
    failing(link, noHardLinks());
    failing(rename, Object.assign(new Error('i/o error'), { code: 'EIO' }));
    await expect(async () => move()).rejects.toThrow('i/o error');
    expect(folder.list()).toEqual(['.app.partial']);
  });
});

// /proc refuses it with EINVAL, as shared folders of virtual machines and some network disks do.
(process.platform === 'linux' ? describe : describe.skip)('a folder on a disk that can flush none', () => {
  test.each([
    ['flushFolder', async () => durable.flushFolder('/proc')],
    ['flushFolderAsync', () => durable.flushFolderAsync('/proc')],
  ])('%s passes over it', async (_name, flush) => {
    const descriptor = fs.openSync('/proc', 'r');
    expect(() => fs.fsyncSync(descriptor)).toThrow('EINVAL');
    fs.closeSync(descriptor);
    await expect(flush()).resolves.toBeUndefined();
  });

  test.each([
    ['flushFolder', async () => durable.flushFolder(folder.file('gone'))],
    ['flushFolderAsync', () => durable.flushFolderAsync(folder.file('gone'))],
  ])('%s says so where there is no folder', async (_name, flush) => {
    await expect(flush()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
