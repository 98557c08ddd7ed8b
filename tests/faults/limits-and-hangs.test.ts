import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { compileFailingCalls, faultEnv } from '../support/failing-calls';
import { useFaultRecord } from '../support/fault-record';
import type { FaultCount } from '../support/fault-record';
import { patience } from '../support/patience';
import { DIST } from '../support/run-node';
import { createState, stateOf } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, contentsOf, filesOf } from '../support/whole-backups';

// The child of an app meets a limit of its process, or a disk that never answers: the app itself is without it.
const onLinux = process.platform === 'linux' ? test : test.skip;
const faults = useFaultRecord();
const folder = useTempFolder();
const STATE = { tag: 'a', rows: 300 };

let before: Record<string, string>;
beforeEach(() => {
  createState(folder.file('app.db'), 'wal', STATE).close();
  expect(backUp('exec "$@"')).toBe('succeeded');
  before = contentsOf(folder.path);
});

/** Takes a backup in an app whose child is started by `shell`, which has Node and its arguments as "$@". */
function backUp(shell: string, timeout: string | number = '5m'): string {
  const node = folder.file('.node');
  fs.writeFileSync(node, `#!/bin/sh\nset -- ${JSON.stringify(process.execPath)} "$@"\n${shell}\n`, { mode: 0o755 });
  const source = `
    const lib = require(${JSON.stringify(DIST)});
    process.execPath = ${JSON.stringify(node)};
    const logger = { info() {}, warn() {}, error() {} };
    const service = new lib.BackupService({
      ...{ database: ${JSON.stringify(folder.file('app.db'))}, logger, timeout: ${JSON.stringify(timeout)} },
    });
    service.createBackup().then(() => console.log('succeeded'), (error) => console.log(error.code ?? String(error)));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', source], { encoding: 'utf8' });
  fs.rmSync(node);
  return stdout.trim() || stderr;
}

/** Nothing that stood is another, what was made is whole, and without the fault the next one succeeds. */
function expectWhole(tried: FaultCount, end: string): void {
  const made = backupNames(folder.path).filter((name) => !(name in before));
  expect({ end, made: made.length }).toEqual({
    end: expect.stringMatching(/^(succeeded|ERR_BACKUP_\w+)$/),
    made: end === 'succeeded' ? 1 : 0,
  });
  expect(contentsOf(folder.path)).toMatchObject(before);
  expect(backUp('exec "$@"')).toBe('succeeded');
  for (const name of backupNames(folder.path).filter((each) => !(each in before))) {
    expect(stateOf(folder.file(name))).toEqual(STATE);
    for (const file of [name, name.replace(/db$/, 'json')]) fs.rmSync(folder.file(file));
  }
  expect(filesOf(folder.path).filter((name) => name.includes('.partial'))).toEqual([]);
  tried.held(end);
}

onLinux.each([
  // Less than a manifest, than a page, than the database, and more.
  ['RLIMIT_FSIZE', '--fsize', [100, 3_000, 200_000, 10_000_000]],
  // Node starts with about half of a gigabyte of addresses, or it does not.
  ['RLIMIT_AS', '--as', [50e6, 700e6, 1_000e6, 4_000e6]],
  ['RLIMIT_NOFILE', '--nofile', [8, 20, 24, 64]],
])('%s: a backup is whole, or the error that is told leaves none', (limit, option, values) => {
  const tried = faults({ law: 2, fault: `${limit} for the child: ${values.join(', ')}` });
  for (const value of values) {
    tried.injected();
    expectWhole(tried, backUp(`exec prlimit ${option}=${value} "$@"`));
  }
});

onLinux(
  'a disk that never answers: the child is ended at the timeout, the lock is free again, and the next backup succeeds',
  () => {
    const library = compileFailingCalls();
    const tried = faults({ law: 2, fault: 'a call of the child that never returns' });
    const timeoutMs = patience(4_000);
    for (const [call, file] of [
      ['open', '*.lock'],
      ['write', '*.partial'],
      ['sync', '*.partial'],
      ['link', '*'],
    ] as const) {
      tried.injected();
      const env = faultEnv(library, folder.path, { call, file, at: 1, kind: 'hang' });
      const set = Object.entries(env).map(([name, value]) => `${name}='${value}'`);
      // Until then it has come to that call, on a busy machine too: the code says in which step it was ended.
      const end = backUp(`exec env ${set.join(' ')} "$@"`, timeoutMs);
      expect(end).toMatch(/^ERR_BACKUP_(LOCK_)?TIMEOUT$/);
      expectWhole(tried, end);
    }
    fs.rmSync(path.dirname(library), { recursive: true });
  },
);
