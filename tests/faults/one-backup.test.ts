import fs from 'node:fs';
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { BackupService, withAutoBackup } from 'sqlite-autobackup';
import { createLedger } from '../support/databases';
import { useFaultRecord } from '../support/fault-record';
import { memoryLogger } from '../support/memory-logger';
import { DAY, writeBackup } from '../support/planted-backups';
import { useScripts } from '../support/processes';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, checkBackups } from '../support/whole-backups';

const start = useScripts();
const faults = useFaultRecord();
const folder = useTempFolder();

/** A database whose newest backup is eight days old. */
function dueDatabase(): { database: string; old: string } {
  const database = folder.file('app.db');
  createLedger(database, 'wal', 2_000_000).close();
  return { database, old: writeBackup(folder.path, new Date(Date.now() - 8 * DAY)) };
}

/** The one backup that there is besides the old one; it is whole. */
function theOnlyNewBackup(old: string): string {
  const added = backupNames(folder.path).filter((name) => name !== old);
  expect(added).toHaveLength(1);
  return added[0]!;
}

test('8 processes that meet a due moment make one backup, and every method runs after it', async () => {
  const { database, old } = dueDatabase();
  const processes = Array.from({ length: 8 }, () => start('one-caller.js', [database, '3']));
  for (const each of processes) expect(await each.next()).toBe('ready');

  const crowd = faults({ law: 4, fault: 'a call in 8 processes at once, 3 in each' });
  for (const each of processes) each.tell('go');
  crowd.injected(24);
  const answers = await Promise.all(processes.map((each) => each.next<{ found: string[][]; logged: string[] }>()));

  const made = theOnlyNewBackup(old);
  for (const { found } of answers) {
    expect(found).toHaveLength(3);
    for (const files of found) expect(files).toContain(made);
  }
  const logged = answers.flatMap((answer) => answer.logged);
  expect(logged.filter((line) => line.includes('created before it'))).toHaveLength(1);
  expect(logged.filter((line) => line.includes('FAILED'))).toEqual([]);
  crowd.held('the one backup, before the method', 24);
});

(process.getuid?.() === 0 ? test : test.skip)(
  'containers on one folder, each with its own host name and process numbers, that meet a due moment make one backup',
  async () => {
    const { database, old } = dueDatabase();
    const node = folder.file('.node');
    const named = 'echo "host-$$" >/proc/sys/kernel/hostname; exec "$0" "$@"';
    const contained = `unshare --uts --pid --fork --kill-child --mount-proc sh -c '${named}' '${process.execPath}' "$@"`;
    fs.writeFileSync(node, `#!/bin/sh\nexec ${contained}\n`, { mode: 0o755 });
    const hosts = Array.from({ length: 4 }, () => start('one-caller.js', [database, '3'], { node }));
    for (const each of hosts) expect(await each.next()).toBe('ready');

    const crowd = faults({ law: 4, fault: 'a call in 4 containers on one folder, 3 in each' });
    for (const each of hosts) each.tell('go');
    crowd.injected(12);
    const answers = await Promise.all(hosts.map((each) => each.next<{ found: string[][]; logged: string[] }>()));

    const made = theOnlyNewBackup(old);
    for (const files of answers.flatMap(({ found }) => found)) expect(files).toContain(made);
    expect(answers.flatMap(({ logged }) => logged).filter((line) => line.includes('FAILED'))).toEqual([]);
    crowd.held('the one backup, before the method', 12);
  },
);

test('8 cluster workers of one server that meet a due moment make one backup, and every request is answered', async () => {
  const { database, old } = dueDatabase();
  const server = start('cluster-server.js', [database, '8']);
  const { port } = await server.next<{ port: number }>();

  const crowd = faults({ law: 4, fault: 'a request to a cluster of 8 workers' });
  crowd.injected(32);
  const answers = await Promise.all(Array.from({ length: 32 }, () => post(port)));

  const made = theOnlyNewBackup(old);
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 32 }, () => 200));
  const bodies = answers.map(({ body }) => JSON.parse(body) as { worker: number; found: string[] });
  for (const { found } of bodies) expect(found).toContain(made);
  expect(new Set(bodies.map(({ worker }) => worker)).size).toBeGreaterThan(1);
  crowd.held('200, after the one backup', bodies.length);
});

test('100 calls at once in one process make one attempt, one backup, and run after it', async () => {
  const { database, old } = dueDatabase();
  const logger = memoryLogger();
  const service = new BackupService({ database, logger });
  const protectedMethod = withAutoBackup(async () => folder.list(), { service });

  const crowd = faults({ law: 4, fault: 'a call in one process' });
  crowd.injected(100);
  const found = await Promise.all(Array.from({ length: 100 }, () => protectedMethod()));

  const made = theOnlyNewBackup(old);
  for (const files of found) expect(files).toContain(made);
  expect(logger.lines).toEqual([expect.stringContaining(made)]);
  crowd.held('the one backup, before the method', found.length);
});

test('what the crowd makes is a good backup', async () => {
  const database = folder.file('app.db');
  createLedger(database, 'delete', 2_000_000).close();
  const processes = Array.from({ length: 4 }, () => start('one-caller.js', [database, '2']));
  for (const each of processes) await each.next();
  for (const each of processes) each.tell('go');
  await Promise.all(processes.map((each) => each.next()));
  expect(checkBackups(folder.path)).toHaveLength(1);
});

async function post(port: number): Promise<{ status: number | undefined; body: string }> {
  const request = http.request({ port, host: '127.0.0.1', method: 'POST', agent: false }).end();
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    request.on('response', resolve).on('error', reject);
  });
  return { status: response.statusCode, body: await text(response) };
}
