import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { compileFailingCalls, EIO } from '../support/failing-calls';
import { DAY, writeBackup } from '../support/planted-backups';
import { DIST } from '../support/run-node';
import { useTempFolder } from '../support/temp-folder';

// "Deleted" is true after a power cut, too: the folder is flushed after the last name has gone. Linux only, as the fault is made
// by its linker.
const onLinux = process.platform === 'linux' ? describe : describe.skip;
const folder = useTempFolder();

onLinux('what is deleted', () => {
  let library: string;
  let names: string[];
  beforeAll(() => (library = compileFailingCalls()));
  afterAll(() => fs.rmSync(path.dirname(library), { recursive: true }));
  beforeEach(() => {
    names = [3, 2, 1].map((days) => writeBackup(folder.path, new Date(Date.now() - days * DAY), { manifest: true }));
  });

  /** Runs an app with `code`, which has a `service`; returns what it prints and its calls on files in the folder. */
  function run(code: string, failing?: string) {
    const log = path.join(path.dirname(library), 'calls.log');
    fs.rmSync(log, { force: true });
    const source = `
      const { BackupService, keep } = require(${JSON.stringify(path.join(DIST, 'index.js'))});
      const logger = { info() {}, warn() {}, error() {} };
      const database = ${JSON.stringify(folder.file('app.db'))};
      const service = new BackupService({ database, logger, retention: keep({ last: 1 }) });
      (${code})().then((said) => console.log(JSON.stringify(said)), (error) => console.log(JSON.stringify(error.code)));`;
    const fault = failing && { FAULT_CALL: 'sync', FAULT_FILE: failing, FAULT_AT: '1', FAULT_ERRNO: String(EIO) };
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', source], {
      env: { ...process.env, LD_PRELOAD: library, FAULT_FOLDER: folder.path, FAULT_LOG: log, ...fault },
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    return { said: JSON.parse(stdout) as unknown, calls: fs.readFileSync(log, 'utf8').trim().split('\n') };
  }

  const DELETE = () => `() => service.deleteBackup(${JSON.stringify(names[0])}).then(() => 'deleted')`;
  const PRUNE = `async () => {
    const { removed, failed } = await service.pruneBackups();
    return [removed.length, failed.map(({ error }) => error.code)];
  }`;
  const lastOf = (calls: readonly string[], call: string) =>
    calls.map((line) => line.startsWith(call)).lastIndexOf(true);

  test.each([
    ['a backup', () => DELETE(), 'deleted'],
    ['a pruned one', () => PRUNE, [2, []]],
  ])('%s is gone for good: the folder is flushed after it', (_what, code, expected) => {
    const { said, calls } = run(code());
    expect(said).toEqual(expected);
    expect(lastOf(calls, 'unlink ')).toBeGreaterThan(-1);
    expect(lastOf(calls, `sync ${folder.path}`)).toBeGreaterThan(lastOf(calls, 'unlink '));
  });

  test('nobody is told that it is deleted where that flush fails', () => {
    expect(run(DELETE(), folder.path).said).toBe('ERR_BACKUP_DELETE_FAILED');
    expect(run(PRUNE, folder.path).said).toEqual([0, ['ERR_BACKUP_DELETE_FAILED']]);
  });
});
