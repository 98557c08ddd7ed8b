import fs from 'node:fs';
import { whyNot } from '#dist/notify/channels.js';
import { Notifier } from '#dist/notify/notifier.js';
import { alarmFile, makeAlarm, readAlarm, readAlarms, rewriteAlarm } from '#dist/notify/alarm-file.js';
import { backupNaming } from '#dist/catalog/backup-name.js';
import type { Alarm, Notification } from 'sqlite-autobackup';
import { memoryLogger } from '../../support/memory-logger';
import { useReceiver } from '../../support/receivers';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
const receiver = useReceiver();
const alarm: Alarm = { kind: 'copies-behind', about: 'nas', level: 'critical', text: 'Copies are missing.' };

function notifier(directory = folder.path, only?: Alarm['kind'][]) {
  const database = folder.file('app.db');
  const place = { database, directory, naming: backupNaming(database) };
  const told: Notification[] = [];
  const logger = memoryLogger();
  const options = { webhook: `${receiver.url}/hook`, ...(only && { only }) };
  const made = new Notifier(place, options, logger, (message) => told.push(message));
  return { made, told, logger, file: alarmFile(place, alarm) };
}
const states = () => receiver.bodies().map(({ state }) => state);

test('an alarm is told once, however often and by however many it is raised, and once when it is over', async () => {
  const all = Array.from({ length: 8 }, () => notifier());
  await Promise.all(all.flatMap(({ made }) => [made.raise(alarm), made.raise(alarm)]));
  await Promise.all(all.map(({ made }) => made.whenIdle()));
  expect(states()).toEqual(['begun']);
  await Promise.all(
    all.flatMap(({ made }) => [made.settle(alarm, 'All is well.'), made.settle(alarm, 'All is well.')]),
  );
  await Promise.all(all.map(({ made }) => made.whenIdle()));
  expect(states()).toEqual(['begun', 'recovered']);
  expect(folder.list()).toEqual([]);
  await all[0]!.made.raise(alarm);
  await all[0]!.made.whenIdle();
  expect(states()).toEqual(['begun', 'recovered', 'begun']);
});

test('an alarm that needs three in a row counts those of all processes, and is told by one', async () => {
  const [a, b] = [notifier(), notifier()];
  await a.made.raise(alarm, 3);
  await b.made.raise(alarm, 3);
  expect(a.told.concat(b.told)).toEqual([]);
  await Promise.all([a.made.raise(alarm, 3), b.made.raise(alarm, 3)]);
  expect(a.told.concat(b.told)).toHaveLength(1);
  // One success in between begins the count anew, and nothing was told that could be over.
  await a.made.settle(alarm, '');
  await b.made.raise(alarm, 3);
  await b.made.settle(alarm, '');
  expect(
    a.told
      .concat(b.told)
      .map(({ state }) => state)
      .sort(),
  ).toEqual(['begun', 'recovered']);
});

(process.getuid?.() === 0 ? test : test.skip)(
  'an alarm that a process of another user has raised, and that this one may not read, is not told again',
  async () => {
    const { made, file } = notifier();
    await made.raise(alarm);
    await made.whenIdle();
    fs.chmodSync(folder.path, 0o755);
    const other = notifier();
    process.seteuid!(65_534);
    try {
      expect(() => fs.readFileSync(file)).toThrow('EACCES');
      await other.made.raise(alarm);
      await other.made.settle(alarm, 'All is well.');
    } finally {
      process.seteuid!(0);
    }
    expect(other.told).toEqual([]);
    expect(await readAlarm(file)).toMatchObject({ told: true });
  },
);

test('what nobody asked for is sent to nobody, and is an event all the same', async () => {
  const { made, told } = notifier(folder.path, ['failed']);
  await made.raise(alarm);
  await made.raise({ kind: 'failed', level: 'critical', text: 'No room.' });
  await made.whenIdle();
  expect(told.map(({ kind }) => kind)).toEqual(['copies-behind', 'failed']);
  expect(receiver.bodies().map(({ kind }) => kind)).toEqual(['failed']);
});

test('alarms of two stores are two', async () => {
  const { made, told } = notifier();
  await made.raise(alarm);
  await made.raise({ ...alarm, about: 's3' });
  await made.settle(alarm, 'All is well.');
  expect(told.map(({ state, about }) => `${state} ${about}`)).toEqual(['begun nas', 'begun s3', 'recovered nas']);
});

test.each([
  ['a link', (file: string) => fs.symlinkSync(folder.file('victim'), file)],
  ['a file that is no record', (file: string) => fs.writeFileSync(file, '{}')],
])('%s in the place of the record is not followed, and silences nothing', async (_, plant) => {
  const { made, told, file } = notifier();
  fs.writeFileSync(folder.file('victim'), 'precious');
  plant(file);
  await made.raise(alarm);
  expect(told).toHaveLength(1);
  expect(fs.readFileSync(folder.file('victim'), 'utf8')).toBe('precious');
  const stats = fs.lstatSync(file);
  expect({ isFile: stats.isFile(), mode: stats.mode & 0o777 }).toEqual({ isFile: true, mode: 0o600 });
  await made.settle(alarm, '');
  expect(folder.list()).toEqual(['victim']);
});

test('an alarm whose process has died before anybody got it is told by the next one', async () => {
  const { made, file } = notifier();
  await made.raise(alarm);
  await made.whenIdle();
  const record = (await readAlarm(file))!;
  expect(record.told).toBe(true);
  // No process has this number: https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html (pid_max)
  const [machine, , random] = record.by.split('-');
  const gone = `${machine}-${(2 ** 22 + 1).toString(36)}-${random}`;
  await rewriteAlarm(file, { ...record, told: false, by: gone });
  await notifier().made.raise(alarm);
  await receiver.has(2);
  expect(states()).toEqual(['begun', 'begun']);
  await rewriteAlarm(file, { ...record, told: true, by: gone });
  const { made: third, told } = notifier();
  await third.raise(alarm);
  expect(told).toEqual([]);
});

test('where the folder cannot keep it, an alarm is told all the same, once by this process, and once when it is over', async () => {
  const { made, told, logger } = notifier(folder.file('missing'));
  await made.raise(alarm);
  await made.raise(alarm);
  await made.settle(alarm, 'All is well.');
  await made.whenIdle();
  expect(told.map(({ state }) => state)).toEqual(['begun', 'recovered']);
  expect(states()).toEqual(['begun', 'recovered']);
  expect(await made.lasting()).toEqual([]);
  await made.raise(alarm);
  expect(told.map(({ state }) => state)).toEqual(['begun', 'recovered', 'begun']);
  expect(logger.lines.join('\n')).toContain('cannot be kept in the backup folder');
});

test('what does not arrive is tried again, in order, and only logged', async () => {
  receiver.conduct = '500';
  const { made, logger } = notifier();
  await made.raise(alarm);
  await made.whenIdle();
  expect(states()).toEqual(['begun']);
  await made.settle(alarm, 'All is well.');
  receiver.conduct = 'ok';
  await receiver.has(3);
  expect(states()).toEqual(['begun', 'begun', 'recovered']);
  const [first, again] = receiver.bodies();
  expect(again!['id']).toBe(first!['id']);
  expect(logger.lines.filter((line) => line.includes('did not reach webhook 127.0.0.1'))).toHaveLength(1);
  expect(logger.lines.join('\n')).not.toContain('/hook');
});

test('a redirect is not followed: the message is for that address only', async () => {
  receiver.conduct = 'redirect';
  const { made, logger } = notifier();
  await made.raise(alarm);
  await made.whenIdle();
  expect(receiver.received.map(({ path }) => path)).toEqual(['/hook']);
  expect(logger.lines.join('\n')).toContain('did not reach');
});

test('secrets in a text that others wrote are taken out of it', async () => {
  const { made } = notifier();
  await made.raise({ ...alarm, text: 'PUT https://key:s3cret@s3.example/bucket failed' });
  await made.whenIdle();
  expect(receiver.received[0]!.body).not.toContain('s3cret');
});

test('the folder keeps a limited number of alarms, the newest; files of others stay', async () => {
  const { made } = notifier();
  await made.raise(alarm);
  await made.whenIdle();
  const database = folder.file('app.db');
  const place = { database, directory: folder.path, naming: backupNaming(database) };
  const record = (await readAlarm(alarmFile(place, alarm)))!;
  for (let i = 1; i <= 230; i++) {
    const about = `copy ${i}`;
    const file = alarmFile(place, { kind: 'copy-damaged', about });
    await makeAlarm(file, { ...record, kind: 'copy-damaged', about });
    fs.utimesSync(file, i, i);
  }
  fs.writeFileSync(folder.file('.app_backup.alarm-notes.json'), '');
  const kept = (await readAlarms(place)).map(({ about }) => about);
  expect(kept).toHaveLength(200);
  expect(kept).toEqual(expect.arrayContaining(['nas', 'copy 230', 'copy 32']));
  expect(folder.list()).toHaveLength(201);
  expect(await readAlarms(place)).toHaveLength(200);
});

test.each([undefined, null, 'no', Symbol('no'), { message: 'no' }])(
  'a transport that rejects with %p is a line in the log, and nothing else',
  (reason) => {
    expect(whyNot(reason)).toMatch(/no|undefined|null/);
  },
);

test('whatever stands in an error, in the name of a store or of a database, every message is one line without anything invisible', async () => {
  const odd = 'a\nFORGED\r\u001b[2J\u202e\u2028\u0007b';
  const mails: { subject: string; text: string }[] = [];
  const place = { database: folder.file(`${odd}.db`), directory: folder.path, naming: backupNaming('app.db') };
  const told: Notification[] = [];
  const mail = { transport: { sendMail: async (letter: never) => mails.push(letter) }, from: 'a@b.c', to: 'd@e.f' };
  const options = { webhook: `${receiver.url}/hook`, heartbeat: `${receiver.url}/beat`, mail };
  const made = new Notifier(place, options, memoryLogger(), (message) => told.push(message));
  await made.raise({ ...alarm, about: odd, text: odd });
  made.beat('fail', odd);
  await made.whenIdle();
  const [hook] = receiver.bodies();
  const beat = receiver.received.find(({ path }) => path.startsWith('/beat'))!.body;
  const [letter] = mails;
  const texts = [hook!['text'], hook!['title'], hook!['about'], hook!['database'], beat, letter!.subject, letter!.text.trimEnd(), told[0]!.text, told[0]!.about]; // prettier-ignore
  for (const text of texts) expect(text).toMatch(/^[^\p{Cc}\p{Bidi_Control}\u2028\u2029]+$/u);
  expect(texts.filter((text) => String(text).includes('FORGED'))).toHaveLength(texts.length);
});
