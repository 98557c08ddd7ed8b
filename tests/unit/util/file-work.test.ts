import fs from 'node:fs';
import { files, runAsync, runSync } from '#dist/util/file-work.js';
import type { FileWork } from '#dist/util/file-work.js';
import { FolderGate } from '#dist/util/folder-gate.js';
import { rejectionOf } from '../../support/errors';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();

function* firstLine(file: string): FileWork<string> {
  try {
    return (yield* files.readSmall(file)).split('\n')[0]!;
  } catch (error) {
    return `no file: ${(error as NodeJS.ErrnoException).code}`;
  }
}

/** A call whose answer does not come before `answer()`. */
function slowCall(): { work: () => FileWork<unknown>; answer: () => void; asked: () => number } {
  let answer!: () => void;
  let asked = 0;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  function* work(): FileWork<unknown> {
    return yield {
      sync: () => undefined,
      async: () => {
        asked += 1;
        return answered;
      },
    };
  }
  return { work, answer, asked: () => asked };
}

test('the same work blocks or does not, with the same result', async () => {
  fs.writeFileSync(folder.file('a'), 'one\ntwo');
  expect(runSync(firstLine(folder.file('a')))).toBe('one');
  expect(await runAsync(firstLine(folder.file('a')))).toBe('one');
});

test("a call's error is thrown inside the work, in either way", async () => {
  expect(runSync(firstLine(folder.file('b')))).toBe('no file: ENOENT');
  expect(await runAsync(firstLine(folder.file('b')))).toBe('no file: ENOENT');
});

test('an error that the work does not catch comes out of either', async () => {
  expect(() => runSync(files.readSmall(folder.file('b')))).toThrow('ENOENT');
  await expect(runAsync(files.readSmall(folder.file('b')))).rejects.toThrow('ENOENT');
});

test.each(['stat', 'lstat'] as const)('%s: a missing file is undefined, anything else an error', async (call) => {
  fs.writeFileSync(folder.file('a'), '');
  expect(runSync(files[call](folder.file('b')))).toBeUndefined();
  expect(await runAsync(files[call](folder.file('b')))).toBeUndefined();
  // Newer Nodes take what is below a file for missing, too, in the blocking form.
  if (Number(process.versions.node.split('.')[0]) < 26) {
    expect(() => runSync(files[call](folder.file('a/b')))).toThrow('ENOTDIR');
  }
  await expect(runAsync(files[call](folder.file('a/b')))).rejects.toThrow('ENOTDIR');
});

describe('a folder that stands still', () => {
  test('fails after the limit, once for all who wait, and only one call hangs', async () => {
    const gate = new FolderGate('/mnt/nas', 20);
    const slow = slowCall();
    const errors = await Promise.all([1, 2, 3].map(() => rejectionOf(gate.run(slow.work()))));
    expect(errors.map(({ code }) => code)).toEqual(Array(3).fill('ERR_BACKUP_LIST_FAILED'));
    expect(errors[0]!.message).toContain('"/mnt/nas" has not answered for 0.02 s');
    expect(slow.asked()).toBe(1);
    expect((await rejectionOf(gate.run(slow.work()))).code).toBe('ERR_BACKUP_LIST_FAILED');
    expect(slow.asked()).toBe(1);
  });

  test('is asked again when the call that hung has come back', async () => {
    const gate = new FolderGate('/mnt/nas', 20);
    const slow = slowCall();
    await rejectionOf(gate.run(slow.work()));
    slow.answer();
    await new Promise(setImmediate);
    expect(await gate.run(firstLine(folder.file('b')))).toBe('no file: ENOENT');
  });
});

test('calls go one after the other', async () => {
  const gate = new FolderGate(folder.path);
  const slow = slowCall();
  const first = gate.run(slow.work());
  const second = gate.run(slow.work());
  await new Promise(setImmediate);
  expect(slow.asked()).toBe(1);
  slow.answer();
  await Promise.all([first, second]);
  expect(slow.asked()).toBe(2);
});
