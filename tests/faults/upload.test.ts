import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BackupService } from 'sqlite-autobackup';
import { createDashboard } from 'sqlite-autobackup/dashboard';
import { addEntry, checkLedger, createLedger } from '../support/databases';
import { useFaultRecord } from '../support/fault-record';
import { memoryLogger } from '../support/memory-logger';
import { isolatedChildOf, noIsolatedChild, until } from '../support/processes';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, checkBackups, contentsOf, filesOf } from '../support/whole-backups';

const faults = useFaultRecord();
const folder = useTempFolder();
const ROOT = path.join(__dirname, '..', '..');
const NAME = 'app_backup_20260301_120000.db';

/** The bytes of a database from elsewhere. */
function aFile(ballast: number): Buffer {
  const file = folder.file('elsewhere.sqlite');
  const db = createLedger(file, 'delete', ballast);
  addEntry(db);
  db.close();
  return fs.readFileSync(file);
}

/** Sends a file to the API of the page, in pieces as a network brings them; `before`: what happens before each. */
async function upload(service: BackupService, file: Buffer, before: (sent: number) => void = () => {}) {
  const { fetch } = createDashboard(service, { authorize: () => ({ restore: true }), logger: memoryLogger() });
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      before(sent);
      if (sent === file.length) return controller.close();
      controller.enqueue(file.subarray(sent, (sent = Math.min(file.length, sent + 65_536))));
    },
  });
  const headers = { 'content-type': 'application/vnd.sqlite3' };
  const request = new Request(`http://127.0.0.1/api/uploads?wait=1&name=${NAME}`, {
    ...{ method: 'POST', headers, body, duplex: 'half' },
  });
  const answer = await fetch(request, undefined);
  const json = (await answer.json()) as { backup?: { name: string }; error?: { code: string; message: string } };
  return { status: answer.status, ...json };
}

const linux = process.platform === 'linux';
const why = linux ? '' : ' (not run: a small disk is made with tmpfs, which only Linux has)';

(linux ? describe : describe.skip)(`a file that is sent to the page, onto a small disk of its own${why}`, () => {
  let disk: string;
  let service: BackupService;
  let file: Buffer;
  let untouched: Record<string, string>;

  beforeEach(async () => {
    disk = folder.file('disk');
    fs.mkdirSync(disk);
    // Needs root, as CI has it; elsewhere run the tests under `unshare -rm`. It fails rather than being skipped.
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk], { stdio: 'pipe' });
    createLedger(folder.file('app.db'), 'wal').close();
    service = new BackupService({ database: folder.file('app.db'), directory: disk, logger: memoryLogger() });
    await service.createBackup();
    file = aFile(1_500_000);
    untouched = contentsOf(disk);
  });
  afterEach(() => execFileSync('umount', [disk]));

  const filler = () => path.join(disk, 'somebody-else');
  /** Somebody else takes the room. */
  function fill(leaving: number): void {
    const { bavail, bsize } = fs.statfsSync(disk);
    fs.appendFileSync(filler(), Buffer.alloc(Math.max(0, bavail * bsize - leaving)));
  }

  test('that is full, or fills up while it arrives: told as that, nothing of it stays, and later it is taken', async () => {
    const moments: readonly [string, (sent: number) => void][] = [
      ['before the first byte', (sent) => sent === 0 && fill(0)],
      ['in the middle', (sent) => sent > 500_000 && fill(0)],
      ['when all has arrived', (sent) => sent === file.length && fill(0)],
    ];
    const full = faults({ law: 2, fault: 'a disk that fills up while a file is sent to the page' });
    for (const [moment, before] of moments) {
      full.injected();
      const { status, error, backup } = await upload(service, file, before);
      fs.rmSync(filler());
      expect({ moment, status, code: error?.code, backup }).toEqual({
        moment,
        status: 507,
        code: 'ERR_BACKUP_NO_SPACE',
      });
      expect(error!.message).toMatch(/space|room|full/i);
      expect(contentsOf(disk)).toEqual(untouched);
      full.held('ERR_BACKUP_NO_SPACE');
    }
    expect(await upload(service, file)).toMatchObject({ status: 201, backup: { name: NAME } });
    expect(checkLedger(path.join(disk, NAME)).entries).toBe(1);
  });

  test('with room for the file and a little more: all of it is there, or nothing', async () => {
    const full = faults({ law: 2, fault: 'a disk with a little more room than the file that is sent to the page' });
    const seen = new Set<number>();
    for (const more of [-4096, 0, 4096, 8192, 12_288, 20_480, 65_536, 262_144]) {
      fill(file.length + more);
      full.injected();
      const { status, error } = await upload(service, file);
      fs.rmSync(filler());
      seen.add(status);
      if (status === 201) {
        expect(checkBackups(disk)).toContain(NAME);
        fs.rmSync(path.join(disk, NAME));
        fs.rmSync(path.join(disk, NAME.replace(/db$/, 'json')));
      } else {
        expect({ more, status, code: error?.code }).toEqual({ more, status: 507, code: 'ERR_BACKUP_NO_SPACE' });
      }
      expect(contentsOf(disk)).toEqual(untouched);
      full.held(error?.code ?? 'the whole backup');
    }
    expect([...seen].sort()).toEqual([201, 507]);
  });
});

test('the child is killed while it looks at the file: a clear error, and nothing is left', async () => {
  createLedger(folder.file('app.db'), 'wal').close();
  const file = aFile(1_500_000);
  fs.mkdirSync(folder.file('backups'));
  const directory = folder.file('backups');
  const service = new BackupService({ database: folder.file('app.db'), directory, logger: memoryLogger() });
  const kills = faults({ law: 2, fault: 'kill -9 of the child that looks at a file that was sent to the page' });
  // On a busy machine it may be done before it is seen: then the backup is whole, and another one is tried.
  for (let killed = false; !killed;) {
    await noIsolatedChild();
    const answer = upload(service, file);
    const ended = answer.then(() => true);
    const child = await until(
      () => isolatedChildOf(process.pid) ?? (fs.existsSync(path.join(directory, NAME)) ? 0 : undefined),
    );
    if (child > 0) process.kill(child, 'SIGKILL');
    kills.injected();
    expect(await ended).toBe(true);
    const { status, error } = await answer;
    killed = status !== 201;
    if (killed) expect({ status, code: error?.code }).toEqual({ status: 500, code: 'ERR_BACKUP_CHILD_FAILED' });
    expect(killed ? filesOf(directory) : checkBackups(directory)).toEqual(killed ? [] : [NAME]);
    kills.held(error?.code ?? 'the whole backup');
    for (const each of filesOf(directory)) fs.rmSync(path.join(directory, each));
  }
});

test('an app that is killed at any moment of it leaves nothing that counts, and the next backup clears up', async () => {
  createLedger(folder.file('app.db'), 'wal').close();
  const file = aFile(300_000);
  fs.mkdirSync(folder.file('backups'));
  // The file in three pieces; the process ends before one of its calls, or of the writes.
  const source = `
    const { BackupService } = require(${JSON.stringify(ROOT)});
    const { createDashboard } = require(${JSON.stringify(`${ROOT}/dist/dashboard`)});
    const fs = require('node:fs');
    const [database, directory, sent, call] = process.argv.slice(-4);
    let calls = 0;
    const counted = (target, verb) => {
      const real = target[verb];
      target[verb] = function (...args) {
        if (calls++ === Number(call)) process.kill(process.pid, 'SIGKILL');
        return real.apply(this, args);
      };
    };
    for (const verb of ['open', 'link', 'unlink', 'rename', 'rm', 'statfs']) counted(fs.promises, verb);
    fs.promises.open(sent).then(async (handle) => {
      counted(Object.getPrototypeOf(handle), 'write');
      await handle.close();
      calls = 0;
      const quiet = { info() {}, warn() {}, error() {} };
      const service = new BackupService({ database, directory, logger: quiet });
      const { fetch } = createDashboard(service, { authorize: () => ({ restore: true }), logger: quiet });
      const bytes = fs.readFileSync(sent);
      const third = Math.ceil(bytes.length / 3);
      const body = ReadableStream.from([0, 1, 2].map((i) => bytes.subarray(i * third, (i + 1) * third)));
      const answer = await fetch(new Request('http://127.0.0.1/api/uploads?wait=1&name=${NAME}', {
        method: 'POST', body, duplex: 'half', headers: { 'content-type': 'application/octet-stream' },
      }));
      console.log(answer.status);
    });`;
  const service = new BackupService({
    database: folder.file('app.db'),
    directory: folder.file('backups'),
    logger: memoryLogger(),
  });
  const kills = faults({ law: 2, fault: 'kill -9 of an app that a file is sent to, before each of its calls' });
  let partials = 0;
  for (let call = 0; ; call++) {
    const args = [
      '-e',
      source,
      '--',
      folder.file('app.db'),
      folder.file('backups'),
      folder.file('elsewhere.sqlite'),
      String(call),
    ];
    const { signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const here = filesOf(folder.file('backups'));
    partials += here.filter((name) => name.endsWith('.pull.partial')).length;
    for (const name of backupNames(folder.file('backups'))) {
      expect(checkLedger(folder.file('backups', name)).entries).toBe(1);
    }
    if (signal === null) {
      expect({ stdout, stderr }).toEqual({ stdout: '201\n', stderr: '' });
      expect(here).toEqual([NAME.replace(/db$/, 'json'), NAME].sort());
      break;
    }
    kills.injected();
    const { name } = await service.createBackup();
    const left = filesOf(folder.file('backups')).filter((each) => !each.startsWith(name.slice(0, -3)));
    if (left.length > 0) expect(left).toEqual([NAME, NAME.replace(/db$/, 'json')].sort());
    kills.held(left.length > 0 ? 'the whole backup' : 'none, and nothing left');
    for (const each of filesOf(folder.file('backups'))) fs.rmSync(folder.file('backups', each));
    expect(call).toBeLessThan(60);
  }
  // Some of them were killed with half a file there.
  expect(partials).toBeGreaterThan(1);
  expect(file.length).toBeGreaterThan(300_000);
});
