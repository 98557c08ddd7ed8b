import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { BackupService, isBackupError } from 'sqlite-autobackup';
import type { Backup } from 'sqlite-autobackup';
import { memoryLogger } from '../support/memory-logger';
import { createState, stateOf } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { filesOf } from '../support/whole-backups';

// A disk that fails now and then: every read of the child in turn, by a library that is loaded before libc.
const folder = useTempFolder();
const ERRNO = os.constants.errno;
// The long run, in which every read fails: FAULT_EVERY=1 npx jest --selectProjects faults --testPathPatterns failing-read
const EVERY = Number(process.env['FAULT_EVERY'] ?? 8);
const FIRST = Number(process.env['FAULT_FIRST'] ?? 1 + (Date.now() % EVERY));
const canPreload = process.platform === 'linux' && spawnSync('gcc', ['--version']).status === 0;
const perhaps = canPreload ? test : test.skip;

let service: BackupService;
let backup: Backup;

beforeEach(async () => {
  if (!canPreload) return;
  execFileSync('gcc', [
    '-shared',
    '-fPIC',
    '-o',
    folder.file('shim.so'),
    path.join(__dirname, 'fixtures', 'failing-read.c'),
    '-ldl',
  ]);
  createState(folder.file('app.db'), 'delete', { tag: 'a', rows: 8 }).close();
  service = new BackupService({ database: folder.file('app.db'), logger: memoryLogger(), retryAfter: '1s' });
  backup = await service.createBackup();
});

/** Runs `work` with its nth read of such a file failing. `false`: there is no nth read. */
async function withFailure(file: string, at: number, errno: number, work: () => Promise<void>): Promise<boolean> {
  const log = folder.file('failed');
  fs.rmSync(log, { force: true });
  const injected = {
    LD_PRELOAD: folder.file('shim.so'),
    FAIL_PATH: file,
    FAIL_AT: String(at),
    FAIL_ERRNO: String(errno),
    FAIL_LOG: log,
  };
  Object.assign(process.env, injected);
  try {
    await work();
  } finally {
    for (const name of Object.keys(injected)) Reflect.deleteProperty(process.env, name);
  }
  return fs.existsSync(log);
}

const NOTHING_KNOWN =
  /^ERR_BACKUP_(UNREADABLE|VERIFY_FAILED|WRITE_FAILED|SOURCE_UNREADABLE|SOURCE_LOCKED|MANIFEST_FAILED)$/;

function expectNothingKnown(error: unknown): void {
  if (!isBackupError(error)) throw error;
  expect({ code: error.code, step: error.step, message: error.message }).toMatchObject({
    code: expect.stringMatching(NOTHING_KNOWN) as string,
  });
  expect(error.message).not.toMatch(/is damaged/);
}

describe.each([
  ['EIO', ERRNO.EIO],
  ['ENOMEM', ERRNO.ENOMEM],
  ['EACCES', ERRNO.EACCES],
])(`one read that fails with %s (FAULT_FIRST=${FIRST} FAULT_EVERY=${EVERY})`, (name, errno) => {
  const last = name === 'EIO' ? 60 : 12;

  perhaps.each(['quick', 'full', 'drill'] as const)('does not mark a good backup as failed: %s', async (level) => {
    const manifest = fs.readFileSync(backup.path.replace(/db$/, 'json'), 'utf8');
    const file = backup.name.replace(/\.db$/, '');
    for (let at = FIRST; at <= last; at += EVERY) {
      const failed = await withFailure(file, at, errno, async () => {
        try {
          expect(await service.verifyBackup(backup.name, { level })).toMatchObject({ ok: true });
          fs.writeFileSync(backup.path.replace(/db$/, 'json'), manifest);
        } catch (error) {
          expectNothingKnown(error);
          expect(fs.readFileSync(backup.path.replace(/db$/, 'json'), 'utf8')).toBe(manifest);
        }
      });
      if (!failed) break;
    }
    expect(await service.listBackups()).toEqual([
      expect.not.objectContaining({ problem: expect.anything() as string }),
    ]);
  });

  perhaps('does not make a healthy database damaged: no backup, or a good one', async () => {
    for (const file of ['/app.db', '.partial']) {
      for (let at = FIRST; at <= last; at += EVERY) {
        const failed = await withFailure(file, at, errno, async () => {
          try {
            const made = await service.createBackup();
            expect(stateOf(made.path)).toEqual({ tag: 'a', rows: 8 });
            await service.deleteBackup(made.name);
          } catch (error) {
            expectNothingKnown(error);
          }
        });
        if (!failed) break;
      }
    }
    expect(filesOf(folder.path).filter((each) => each.includes('partial'))).toEqual([]);
  });
});
