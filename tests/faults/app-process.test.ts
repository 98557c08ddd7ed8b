import fs from 'node:fs';
import { useFaultRecord } from '../support/fault-record';
import { bytesIn, trace } from '../support/power-cut/trace';
import type { SystemCall } from '../support/power-cut/trace';
import { DIST } from '../support/run-node';
import { createState } from '../support/states';
import { useTempFolder } from '../support/temp-folder';

// What the app's own process asks of the system, as strace sees it: its threads are looked at, its children are not.
const onLinux = process.platform === 'linux' ? test : test.skip;
const faults = useFaultRecord();
const folder = useTempFolder();

/** All that an app can ask of a service, one after the other. `name` is a backup, `database` the live file. */
const CALLS: Record<string, string> = {
  'createBackup()': 'service.createBackup()',
  'createBackupSync()': 'service.createBackupSync()',
  'backupIfDue(), which is due': 'service.backupIfDue({ interval: 0 })',
  'backupIfDueSync(), which is due': 'service.backupIfDueSync({ interval: 0 })',
  'a protected call': 'protectedCall()',
  'checkDue()': 'service.checkDue()',
  'getLatestBackup()': 'service.getLatestBackup()',
  'listBackups()': 'service.listBackups()',
  'status()': 'service.status()',
  'check()': 'service.check()',
  'verifyBackup(), drill': "service.verifyBackup(name, { level: 'drill' })",
  'diffBackup()': 'service.diffBackup(name)',
  'recoverRows()': "service.recoverRows(name, { table: 'state', where: 'id = 1', onConflict: 'overwrite' })",
  'queryBackup()': "service.queryBackup(name, 'SELECT count(*) FROM state')",
  'restoreBackup(), online': 'service.restoreBackup(name)',
  'restoreBackup(), another file': 'service.restoreBackup(name, { to: database + ".copy" })',
  'protectBackup()': 'service.protectBackup(name)',
  'shipPending()': 'service.shipPending()',
  'pruneBackups()': 'service.pruneBackups()',
  'activity()': 'service.activity()',
  'with garbage in its place: createBackup()': 'service.createBackup()',
  'with garbage in its place: status()': 'service.status()',
  'with garbage in its place: restoreBackup(), offline': 'service.restoreBackup(name)',
  'without a database: createBackup()': 'service.createBackup()',
  'without a database: status()': 'service.status()',
  'without a database: restoreBackup()': 'service.restoreBackup(name)',
};
/** What happens to the live file before some of them. */
const BEFORE: Record<string, string> = {
  'with garbage in its place: createBackup()': "fs.writeFileSync(database, 'garbage'.repeat(999));",
  'without a database: createBackup()': 'fs.rmSync(database);',
};
const NOT_DUE_CALLS = 1000;

onLinux.each(['wal', 'delete'] as const)(
  'no call opens the live database in the process of the app, in %s mode',
  (mode) => {
    const open = faults({ law: 1, fault: `a call of the app, looked at with strace, ${mode}` });
    const database = folder.file('app.db');
    createState(database, mode, { tag: 'a', rows: 20 }).close();
    const { calls, stdout } = trace([process.execPath, '-e', appSource(database)]);
    const told = JSON.parse(stdout) as Record<string, string>;
    const byCall = ownCalls(calls);
    expect(Object.keys(told)).toEqual(Object.keys(CALLS));
    for (const name of Object.keys(CALLS)) {
      open.injected();
      const own = byCall.get(name) ?? [];
      const opened = own.flatMap((call) => pathsOpened(call)).filter((file) => isOf(database, file));
      expect({ name, opened }).toEqual({ name, opened: [] });
      open.held(told[name]!);
    }
    // It would show: a look at the folder of the backups does.
    expect(byCall.get('listBackups()')!.flatMap(pathsOpened)).toContain(folder.path);
  },
);

onLinux(`${NOT_DUE_CALLS} calls that are not due make no call on a file or a folder`, () => {
  const database = folder.file('app.db');
  createState(database, 'wal', { tag: 'a', rows: 20 }).close();
  const notDue = faults({ law: 3, fault: 'a protected call that is not due, looked at with strace' });
  const source = `
    ${beginning(database)}
    (async () => {
      await service.createBackup();
      for (let i = 0; i < 10; i++) await protectedCall();
      fs.existsSync('/begin/not due');
      for (let i = 0; i < ${NOT_DUE_CALLS}; i++) await protectedCall();
      fs.existsSync('/end/not due');
      console.log(ran);
    })();`;
  const { calls, stdout } = trace([process.execPath, '-e', source], { alsoTraced: '%file,getdents64' });
  notDue.injected(NOT_DUE_CALLS);
  expect(stdout.trim()).toBe(String(NOT_DUE_CALLS + 10));
  // Writes and reads are of Node's own pipes between its threads.
  const onFiles = ownCalls(calls)
    .get('not due')!
    .filter(({ name }) => !['write', 'read', 'close'].includes(name));
  expect(onFiles.map(({ name, args }) => `${name} ${args.map((arg) => bytesIn(arg).toString()).join()}`)).toEqual([]);
  notDue.held('its own answer, and no call of the system', NOT_DUE_CALLS);
});

function beginning(database: string): string {
  fs.mkdirSync(folder.file('store'));
  return `
    const fs = require('node:fs');
    const lib = require(${JSON.stringify(DIST)});
    const database = ${JSON.stringify(database)};
    const quiet = { info() {}, warn() {}, error() {} };
    const copies = [lib.directoryStore(${JSON.stringify(folder.file('store'))})];
    const service = new lib.BackupService({ database, logger: quiet, recheckInterval: '1h', retryAfter: 0, copies });
    let ran = 0;
    const protectedCall = lib.withAutoBackup(async () => ++ran, { service, label: 'it' });`;
}

function appSource(database: string): string {
  const calls = Object.entries(CALLS).map(
    ([name, source]) => `${BEFORE[name] ?? ''} await tell(${JSON.stringify(name)}, () => ${source});
      name ??= service.getLatestBackup().name;`,
  );
  return `
    ${beginning(database)}
    const told = {};
    let name;
    async function tell(what, call) {
      fs.existsSync('/begin/' + what);
      try { await call(); told[what] = 'succeeded'; } catch (error) { told[what] = error.code ?? String(error); }
      fs.existsSync('/end/' + what);
    }
    (async () => { ${calls.join('\n')}; console.log(JSON.stringify(told)); })();`;
}

/** The calls of the first process and its threads, by the mark between which they are. */
function ownCalls(calls: readonly SystemCall[]): Map<string, SystemCall[]> {
  const own = new Set([calls[0]!.pid]);
  const found = new Map<string, SystemCall[]>();
  let mark = '';
  for (const call of calls) {
    if (/^clone3?$/.test(call.name) && own.has(call.pid) && call.args.join().includes('CLONE_THREAD'))
      own.add(call.result);
    if (!own.has(call.pid)) continue;
    const [, edge, name = ''] = /^\/(begin|end)\/(.*)$/.exec(bytesIn(call.args.join()).toString()) ?? [];
    if (edge === undefined) found.set(mark, [...(found.get(mark) ?? []), call]);
    else mark = edge === 'begin' ? name : '';
    if (edge === 'begin') found.set(mark, []);
  }
  return found;
}

function pathsOpened({ name, args, result }: SystemCall): string[] {
  return /^(open|openat|creat)$/.test(name) && result >= 0 ? [bytesIn(args.join()).toString()] : [];
}

function isOf(database: string, file: string): boolean {
  return ['', '-wal', '-shm', '-journal'].some((suffix) => file === database + suffix);
}
