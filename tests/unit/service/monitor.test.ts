import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Monitor } from '#dist/service/monitor.js';
import { createContext } from '#dist/service/service-context.js';
import { BackupError } from 'sqlite-autobackup';
import type { Alarm, Notification, NotifyOptions } from 'sqlite-autobackup';
import { createLedger } from '../../support/databases';
import { memoryLogger } from '../../support/memory-logger';
import { HOUR, writeBackup } from '../../support/planted-backups';
import { useReceiver } from '../../support/receivers';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
const receiver = useReceiver();

/** A monitor, the events that it hears, and what it tells. A backup is there, so that nothing is wrong. */
function aMonitor(notify: NotifyOptions = {}) {
  createLedger(folder.file('app.db'), 'wal').close();
  writeBackup(folder.path, new Date(Date.now() - HOUR), { manifest: true });
  const context = createContext({ database: folder.file('app.db'), logger: memoryLogger(), notify });
  const told: Notification[] = [];
  context.events.on('alarm', (message) => void told.push(message));
  const monitor = new Monitor(context);
  return {
    monitor,
    /** An event as the service emits it; only what the monitor reads of it. */
    emit: (event: string, facts: object) => context.events.emit(event as never, facts as never),
    told: async () => {
      await monitor.whenIdle();
      return told.map(({ state, kind, text }) => `${state} ${kind}: ${text}`);
    },
    onTold: (listener: () => void) => context.events.on('alarm', listener),
  };
}
const anError = (code: 'ERR_BACKUP_NO_SPACE' | 'ERR_BACKUP_CANCELLED') =>
  new BackupError(code, 'It went wrong.', { step: 'copy', hint: 'Mend it.' });
const failure = { error: anError('ERR_BACKUP_NO_SPACE'), label: 'Shop.sell', retryAt: new Date() };
const badCopy: Alarm = { kind: 'copy-damaged', about: 'a.db in nas', level: 'critical', text: 'It is bad.' };
const beats = () => receiver.received.map(({ path, body }) => `${path} ${body}`.trim());

test('a dead man’s switch is told of each attempt; a caller that gave up says nothing about the backups', async () => {
  const { monitor } = aMonitor({ heartbeat: `${receiver.url}/ping` });
  for (const end of [undefined, anError('ERR_BACKUP_NO_SPACE'), anError('ERR_BACKUP_CANCELLED')])
    monitor.attempt({ label: 'sale' })(end);
  await monitor.whenIdle();
  expect(beats()).toEqual([
    '/ping/start sale',
    '/ping sale',
    '/ping/start sale',
    '/ping/fail It went wrong. Mend it.',
    '/ping/start sale',
    '/ping sale',
  ]);
});

test('a dead man’s switch stops for what is critical, not for a warning', async () => {
  const { monitor } = aMonitor({ heartbeat: `${receiver.url}/ping` });
  const warning: Alarm = { kind: 'unverified', level: 'warning', text: 'Old.' };
  monitor.beat({ alarms: [warning], status: undefined });
  monitor.beat({ alarms: [warning, badCopy], status: undefined });
  await monitor.whenIdle();
  expect(beats()).toEqual(['/ping Old.', '/ping/fail Old. | It is bad.']);
});

test('failures are told from the second on, if that was asked for, and that a backup was taken again', async () => {
  const { emit, told } = aMonitor({ failedAfter: 2 });
  // The backup is made, and only the pruning failed.
  for (let i = 0; i < 3; i++) emit('failed', { ...failure, retryAt: undefined });
  emit('failed', failure);
  expect(await told()).toEqual([]);
  emit('failed', failure);
  const begun = 'begun failed: The backup before Shop.sell failed [ERR_BACKUP_NO_SPACE]: It went wrong. Mend it.';
  expect(await told()).toEqual([begun]);
  emit('created', { backup: { name: 'new.db' } });
  expect(await told()).toEqual([begun, 'recovered failed: new.db was taken.']);
});

test('a failure lasts until a backup is there that is newer than it, whoever has taken that', async () => {
  const { monitor, emit, told } = aMonitor();
  emit('failed', failure);
  await monitor.whenIdle();
  expect((await monitor.look()).alarms).toMatchObject([{ kind: 'failed' }]);
  expect(await told()).toHaveLength(1);
  // Names have seconds, and a time that differs from its name by more than that is not believed.
  const next = new Date(Math.ceil(Date.now() / 1000) * 1000);
  writeBackup(folder.path, next, { manifest: true });
  expect((await monitor.look()).alarms).toEqual([]);
  expect(await told()).toEqual([expect.any(String), 'recovered failed: It is as it should be again.']);
});

test('what a look cannot judge lasts and is reported; what it finds again is not told again', async () => {
  const { monitor, told } = aMonitor();
  for (const name of folder.list()) if (name.includes('_backup_')) fs.rmSync(folder.file(name));
  await monitor.notifier.raise(badCopy);
  for (let i = 0; i < 3; i++) {
    const { alarms, status } = await monitor.look();
    expect(alarms.map(({ kind }) => kind)).toEqual(['overdue', 'copy-damaged']);
    expect(status?.backupCount).toBe(0);
  }
  expect(await told()).toEqual([
    'begun copy-damaged: It is bad.',
    expect.stringMatching(/^begun overdue: There is no/),
  ]);
  writeBackup(folder.path, new Date(), { manifest: true });
  expect((await monitor.look()).alarms.map(({ kind }) => kind)).toEqual(['copy-damaged']);
  expect((await told()).at(-1)).toMatch(/^recovered overdue/);
});

test('a bad copy is told once, and that it is good again or was removed', async () => {
  const { emit, told } = aMonitor();
  const verified = { name: 'a.db', store: 'nas', level: 'full', problems: ['torn'] };
  emit('copy-verified', { ...verified, ok: false });
  emit('copy-verified', { ...verified, ok: false });
  emit('copy-verified', { ...verified, ok: true });
  emit('copy-verified', { ...verified, ok: false });
  emit('copies-pruned', { store: 'nas', removed: ['a.db', 'b.db'] });
  expect(await told()).toEqual([
    'begun copy-damaged: a.db in nas has failed its verification (full): torn.',
    'recovered copy-damaged: a.db in nas is good.',
    'begun copy-damaged: a.db in nas has failed its verification (full): torn.',
    'recovered copy-damaged: a.db in nas was removed from the store.',
  ]);
});

test('a bad backup lasts if it is on record; a result that nobody keeps is a moment', async () => {
  const { monitor, emit, told } = aMonitor();
  const verified = { name: 'a.db', level: 'full', problems: ['torn'], ok: false };
  emit('verified', { ...verified, recorded: false });
  expect(await monitor.notifier.lasting()).toEqual([]);
  emit('verified', { ...verified, recorded: true });
  emit('verified', { ...verified, ok: true, recorded: true });
  expect((await told()).map((each) => each.split(':')[0])).toEqual([
    'moment verification-failed',
    'begun verification-failed',
    'recovered verification-failed',
  ]);
});

test('what was removed before it was copied, and what was restored over the database, is told as a moment', async () => {
  const { emit, told } = aMonitor();
  emit('pruned', { removed: [] });
  emit('pruned', { removed: [], missed: [] });
  emit('pruned', { removed: [], missed: [{ name: 'a.db' }, { name: 'b.db' }] });
  emit('restored', { name: 'a.db', path: '/elsewhere.db', method: 'copy' });
  emit('restored', { name: 'a.db', path: '/app.db', method: 'online', safetyBackup: 's.db' });
  expect(await told()).toEqual([
    expect.stringMatching(/^moment removed-before-copied: .*: a\.db, b\.db\.$/),
    'moment restored: a.db was restored to "/app.db". The state before is in s.db.',
  ]);
});

test('looks at the same time are one, and one that was stopped during a look is the last', async () => {
  const { monitor, onTold } = aMonitor({ heartbeat: `${receiver.url}/ping` });
  const look = monitor.look();
  expect(monitor.look()).toBe(look);
  await look;
  for (const name of folder.list()) if (name.includes('_backup_')) fs.rmSync(folder.file(name));
  // An alarm is told during the look that finds it.
  const stopped = new Promise<void>((resolve) => onTold(resolve));
  const stop = monitor.start(1);
  await stopped;
  stop();
  await receiver.has(1);
  await sleep(50);
  await monitor.whenIdle();
  expect(receiver.received).toHaveLength(1);
});
