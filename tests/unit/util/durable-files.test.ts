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
describe('renameNoReplace', () => {
  const move = () => durable.renameNoReplace(from(), to());
  const failing = (verb: 'link' | 'rename', error: Error) => jest.spyOn(fs.promises, verb).mockRejectedValue(error);

  test.each([true, false])('gives a file its name and takes the old one away; hard links: %s', async (hardLinks) => {
    if (!hardLinks) failing('link', noHardLinks());
    expect(await move()).toBe(true);
    expect(folder.list()).toEqual(['app.db']);
    expect(fs.readFileSync(to(), 'utf8')).toBe('new');
  });

  test.each([true, false])('never overwrites, an empty file neither; hard links: %s', async (hardLinks) => {
    if (!hardLinks) failing('link', noHardLinks());
    for (const text of ['mine', '']) {
      fs.writeFileSync(to(), text);
      expect(await move()).toBe(false);
      expect(fs.readFileSync(to(), 'utf8')).toBe(text);
      expect(fs.readFileSync(from(), 'utf8')).toBe('new');
    }
  });

  test('of two that move to one name without hard links one succeeds', async () => {
    failing('link', noHardLinks());
    fs.writeFileSync(folder.file('.other.partial'), 'other');
    const other = () => durable.renameNoReplace(folder.file('.other.partial'), to());
    const [mine, theirs] = await Promise.all([move(), other()]);
    expect([mine, theirs].filter(Boolean)).toHaveLength(1);
    expect(fs.readFileSync(to(), 'utf8')).toBe(mine ? 'new' : 'other');
    expect(folder.list()).toHaveLength(2);
  });

  test('any other failure of the link is no reason to rename', async () => {
    failing('link', Object.assign(new Error('i/o error'), { code: 'EIO' }));
    await expect(move()).rejects.toThrow('i/o error');
    expect(folder.list()).toEqual(['.app.partial']);
  });

  test('without hard links, a rename that fails leaves the name free', async () => {
    failing('link', noHardLinks());
    failing('rename', Object.assign(new Error('i/o error'), { code: 'EIO' }));
    await expect(move()).rejects.toThrow('i/o error');
    expect(folder.list()).toEqual(['.app.partial']);
  });
});

describe('what is made in a folder that others can write', () => {
  const planted: [string, (name: string, target: string) => void][] = [
    ['a file', (name) => fs.writeFileSync(name, 'theirs')],
    ['a link to a file', (name, target) => fs.symlinkSync(target, name)],
    ['a link to nothing', (name, target) => fs.symlinkSync(`${target}-gone`, name)],
    ['a folder', (name) => fs.mkdirSync(name)],
  ];

  test.each(planted)(
    '%s under a name that is to be new is refused, and nothing is written through it',
    async (_, plant) => {
      const target = folder.file('theirs');
      fs.writeFileSync(target, 'untouched');
      plant(to(), target);
      const before = fs.lstatSync(to()).ino;
      await expect(durable.writeNew(to(), 'ours')).rejects.toMatchObject({ code: 'EEXIST' });
      expect(fs.readFileSync(target, 'utf8')).toBe('untouched');
      expect(fs.existsSync(`${target}-gone`)).toBe(false);
      expect(fs.lstatSync(to()).ino).toBe(before);
    },
  );

  test('a file that is replaced takes the place of a link, and its target stays as it is', async () => {
    const target = folder.file('theirs');
    fs.writeFileSync(target, 'untouched');
    fs.symlinkSync(target, to());
    await durable.replaceFile(to(), 'ours');
    expect(fs.lstatSync(to()).isFile()).toBe(true);
    expect(fs.readFileSync(to(), 'utf8')).toBe('ours');
    expect(fs.readFileSync(target, 'utf8')).toBe('untouched');
  });

  test('rights are not set through a link', async () => {
    fs.writeFileSync(from(), '', { mode: 0o644 });
    fs.chmodSync(from(), 0o644);
    fs.symlinkSync(from(), to());
    await expect(durable.setRights(to(), {})).rejects.toMatchObject({ code: 'ELOOP' });
    expect(fs.statSync(from()).mode & 0o777).toBe(0o644);
  });

  test('a replacement that fails leaves the old text and no other file', async () => {
    fs.writeFileSync(to(), 'old');
    jest.spyOn(fs.promises, 'rename').mockRejectedValue(Object.assign(new Error('i/o error'), { code: 'EIO' }));
    await expect(durable.replaceFile(to(), 'ours')).rejects.toThrow('i/o error');
    expect(fs.readFileSync(to(), 'utf8')).toBe('old');
    expect(folder.list()).toEqual(['.app.partial', 'app.db']);
  });

  test('nothing but a file is removed quietly: no folder, and no target of a link', async () => {
    fs.mkdirSync(folder.file('theirs'));
    fs.writeFileSync(folder.file('theirs', 'file'), '');
    fs.symlinkSync(folder.file('theirs'), to());
    await durable.removeQuietly(to());
    await durable.removeQuietly(folder.file('theirs'));
    expect(fs.existsSync(folder.file('theirs', 'file'))).toBe(true);
    expect(folder.list()).toEqual(['.app.partial', 'theirs']);
  });
});

// /proc refuses it with EINVAL, as shared folders of virtual machines and some network disks do.
(process.platform === 'linux' ? describe : describe.skip)('a folder on a disk that can flush none', () => {
  test('is passed over', async () => {
    const descriptor = fs.openSync('/proc', 'r');
    expect(() => fs.fsyncSync(descriptor)).toThrow('EINVAL');
    fs.closeSync(descriptor);
    await expect(durable.flushFolder('/proc')).resolves.toBeUndefined();
  });

  test('is not confused with one that is not there', async () => {
    await expect(durable.flushFolder(folder.file('gone'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
