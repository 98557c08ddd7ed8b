import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { useFaultRecord } from '../support/fault-record';
import { DAY, HOUR, writeBackup } from '../support/planted-backups';
import { DIST } from '../support/run-node';
import { createState } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { contentsOf } from '../support/whole-backups';

// strace lets the calls on the backup folder fail, and on nothing else, in the app's process and in its children.
const onLinux = process.platform === 'linux' ? test : test.skip;
const faults = useFaultRecord();
const folder = useTempFolder();

const CALLS: Record<string, string> = {
  'getLatestBackup()': 'service.getLatestBackup()',
  'shouldBackup()': 'service.shouldBackup()',
  'checkDue()': 'service.checkDue()',
  'listBackups()': 'service.listBackups()',
  'pruneBackups()': 'service.pruneBackups()',
  'backupIfDue()': 'service.backupIfDue()',
  'status()': 'service.status()',
  'a protected call with onFailure abort': 'protectedCall()',
};

onLinux.each([
  ['openat', 'EACCES'],
  ['openat', 'EMFILE'],
  ['openat', 'ESTALE'],
  ['openat', 'ELOOP'],
  ['getdents64', 'EIO'],
  ['getdents64', 'ENOMEM'],
])(
  '%s of the folder fails with %s: no call says that there are no backups, or a fresh one; none is removed',
  (call, errno) => {
    const database = folder.file('app.db');
    const directory = folder.file('backups');
    fs.mkdirSync(directory);
    createState(database, 'wal', { tag: 'a', rows: 20 }).close();
    for (const age of [HOUR, DAY, 2 * DAY]) writeBackup(directory, new Date(Date.now() - age), { manifest: true });
    const before = contentsOf(directory);

    const failing = faults({ law: 5, fault: `${call} of the backup folder: ${errno}` });
    const source = `
    const lib = require(${JSON.stringify(DIST)});
    const logger = { info() {}, warn() {}, error() {} };
    const options = { database: ${JSON.stringify(database)}, directory: ${JSON.stringify(directory)}, logger };
    const service = new lib.BackupService({ ...options, retention: lib.keep({ last: 1 }), retryAfter: 0 });
    let ran = 0;
    const protectedCall = lib.withAutoBackup(async () => ++ran, { service, onFailure: 'abort', label: 'it' });
    (async () => {
      const told = {};
      for (const [name, call] of Object.entries({ ${Object.entries(CALLS)
        .map(([name, code]) => `${JSON.stringify(name)}: () => ${code}`)
        .join()} })) {
        try { told[name] = await call(); } catch (error) { told[name] = { code: error.code ?? String(error) }; }
      }
      console.log(JSON.stringify({ told, ran }));
    })();`;
    const injected = ['-e', `trace=${call}`, '-P', directory, '-e', `inject=${call}:error=${errno}`];
    const { stdout, stderr, error } = spawnSync(
      'strace',
      ['-f', '-q', '-o', folder.file('trace'), ...injected, process.execPath, '-e', source],
      { encoding: 'utf8' },
    );
    if (error) throw error;
    if (stdout === '') throw new Error(stderr);
    expect(fs.readFileSync(folder.file('trace'), 'utf8')).toContain(`${errno} `);

    const { told, ran } = JSON.parse(stdout) as { told: Record<string, { code?: string }>; ran: number };
    for (const name of Object.keys(CALLS)) {
      failing.injected();
      expect({ name, told: told[name] }).toEqual({ name, told: { code: expect.stringMatching(/^ERR_BACKUP_/) } });
      failing.held(told[name]!.code!);
    }
    expect(ran).toBe(0);
    expect(contentsOf(directory)).toEqual(before);
  },
);
