import fs from 'node:fs';
import Database from 'better-sqlite3';
import { BackupService, keep } from 'sqlite-autobackup';
import type { Backup, BackupServiceOptions, RestoreReport } from 'sqlite-autobackup';
import type { JournalMode } from '../support/databases';
import { memoryLogger } from '../support/memory-logger';
import { DAY, writeBackup } from '../support/planted-backups';
import { useScripts } from '../support/processes';
import { createState, fillState, stateIn, stateOf } from '../support/states';
import type { State } from '../support/states';
import { useTempFolder } from '../support/temp-folder';
import { backupNames, contentsOf, failureOf, filesOf } from '../support/whole-backups';

const start = useScripts();
const folder = useTempFolder();
const OLD: State = { tag: 'old', rows: 40 };
const NEW: State = { tag: 'new', rows: 90 };

let logger: ReturnType<typeof memoryLogger>;
const serviceWith = (options: Partial<BackupServiceOptions> = {}) => {
  logger = memoryLogger();
  return new BackupService({ database: folder.file('app.db'), logger, timeout: '60s', ...options });
};

/** A database in the state `now`, of which there is a backup in the state `then`. */
async function withBackup(mode: JournalMode, then = OLD, now = NEW, sizes: Parameters<typeof createState>[3] = {}) {
  const db = createState(folder.file('app.db'), mode, then, sizes);
  const service = serviceWith();
  const backup = await service.createBackup();
  fillState(db, now);
  db.close();
  return { service, backup, database: folder.file('app.db') };
}

const modeOf = (file: string) => {
  const db = new Database(file, { fileMustExist: true });
  const mode = db.pragma('journal_mode', { simple: true });
  db.close();
  return mode;
};

describe.each<JournalMode>(['wal', 'delete'])('restoring into a live database in %s mode', (mode) => {
  test.each(['better-sqlite3', 'libsql'])(
    '%s in another process sees the restored rows on its open connection, and writes on',
    async (driver) => {
      const { service, backup, database } = await withBackup(mode);
      const app = start('state-app.js', [driver, database]);
      expect(await app.next()).toEqual([NEW]);

      const report = await service.restoreBackup(backup.name);
      expect(report).toMatchObject({ method: 'online', path: database, journalMode: mode });
      expect(await app.ask('state')).toEqual([OLD]);
      expect(await app.ask('write')).toEqual({ check: 'ok' });
      expect(await app.ask('undo')).toBe('done');
      await app.ask('close');
      expect(stateOf(database)).toEqual(OLD);
      expect(modeOf(database)).toBe(mode);
    },
  );

  test('first keeps the state before in a protected backup that says what for, and retention does not run', async () => {
    const { backup, database } = await withBackup(mode);
    const old = writeBackup(folder.path, new Date(Date.now() - DAY));
    const service = serviceWith({ retention: keep({ last: 1 }) });
    const events: [string, unknown][] = [];
    for (const event of ['created', 'restored', 'pruned', 'failed'] as const) {
      service.on(event, (payload) => events.push([event, payload]));
    }
    const report = await service.restoreBackup(backup.name);

    const safety = (await service.listBackups()).find(({ name }) => name === report.safetyBackup)!;
    expect(safety).toMatchObject({ protected: true, verified: 'quick', label: `before restoring ${backup.name}` });
    expect(safety.manifest!.kind).toBe('safety');
    expect(stateOf(safety.path)).toEqual(NEW);
    expect(stateOf(database)).toEqual(OLD);
    expect(backupNames(folder.path)).toEqual([old, backup.name, safety.name].sort());
    await failureOf(() => service.deleteBackup(safety.name), 'ERR_BACKUP_PROTECTED', safety.name);
    expect(events).toEqual([
      ['created', expect.objectContaining({ backup: safety, label: safety.label })],
      ['restored', report],
    ]);
    expect(report).toEqual<RestoreReport>({
      name: backup.name,
      path: database,
      method: 'online',
      safetyBackup: safety.name,
      movedAside: [],
      sizeBytes: backup.sizeBytes,
      pageCount: backup.manifest!.pageCount,
      journalMode: mode,
      sha256: backup.sha256!,
      durationMs: expect.any(Number) as number,
    });
    expect(logger.lines).toEqual([
      expect.stringMatching(
        new RegExp(
          `^info Backup restored: ${backup.name} \\(.* kB\\) to ".*app\\.db", [\\d.]+ s; the state before is in ${safety.name}`,
        ),
      ),
    ]);
  });

  test.each([
    ['a larger one', OLD, { tag: 'new', rows: 900 }],
    ['a smaller one', { tag: 'old', rows: 900 }, NEW],
    ['one that is empty of rows but for one', OLD, { tag: 'new', rows: 1 }],
  ])('over %s', async (_what, then, now) => {
    const { service, backup, database } = await withBackup(mode, then, now);
    const { pageCount } = await service.restoreBackup(backup.name);
    expect(stateOf(database)).toEqual(then);
    const db = new Database(database);
    db.pragma('wal_checkpoint(TRUNCATE)');
    expect(db.pragma('page_count', { simple: true })).toBe(pageCount);
    db.close();
    expect(fs.statSync(database).size).toBe(backup.sizeBytes);
  });

  test('with another auto_vacuum: a connection that was open writes on, and all is well', async () => {
    const then = createState(folder.file('then.db'), mode, OLD, { autoVacuum: true });
    const service = serviceWith();
    then.close();
    fs.renameSync(folder.file('then.db'), folder.file('app.db'));
    const backup = await service.createBackup();
    for (const name of ['app.db', 'app.db-wal', 'app.db-shm']) fs.rmSync(folder.file(name), { force: true });
    const db = createState(folder.file('app.db'), mode, NEW);
    await service.restoreBackup(backup.name);
    expect(stateIn(db)).toEqual(OLD);
    for (let i = 0; i < 20; i++) fillState(db, { tag: `round ${i}`, rows: 10 + 10 * (i % 3) });
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(db.pragma('auto_vacuum', { simple: true })).toBe(1);
    db.close();
  });

  test('a safety backup can be restored like any other: back and forth', async () => {
    const { service, backup, database } = await withBackup(mode);
    const { safetyBackup } = await service.restoreBackup(backup.name);
    await service.restoreBackup(safetyBackup!);
    expect(stateOf(database)).toEqual(NEW);
  });

  test('a state that an earlier safety backup holds is not saved once more', async () => {
    const { service, backup } = await withBackup(mode);
    const first = await service.restoreBackup(backup.name);
    const second = await service.restoreBackup(backup.name);
    const third = await service.restoreBackup(backup.name);
    expect(second.safetyBackup).not.toBe(first.safetyBackup);
    expect(third.safetyBackup).toBe(second.safetyBackup);
    expect(await service.listBackups()).toHaveLength(3);
  });

  test('what a dead writer has left half done is rolled back, and is not in the safety backup', async () => {
    const database = folder.file('app.db');
    const db = createState(database, mode, OLD);
    db.exec('CREATE TABLE ballast (id INTEGER PRIMARY KEY, bytes BLOB); CREATE TABLE entries (amount INTEGER)');
    db.exec('INSERT INTO ballast (bytes) SELECT randomblob(50000) FROM state');
    const service = serviceWith();
    const backup = await service.createBackup();
    fillState(db, NEW);
    db.close();
    const dying = start('die-in-transaction.js', [database]);
    expect(await dying.next()).toBe('in the middle');
    dying.kill();
    await dying.ended;
    if (mode === 'delete') expect(fs.existsSync(`${database}-journal`)).toBe(true);

    const { safetyBackup, method } = await service.restoreBackup(backup.name);
    expect(method).toBe('online');
    expect(stateOf(database)).toEqual(OLD);
    expect(stateOf(folder.file(safetyBackup!))).toEqual(NEW);
  });
});

test('another page size: in rollback-journal mode into the live file, whose open connection goes on', async () => {
  const { service, backup, database } = await withBackup('delete', OLD, NEW, { pageSize: 1024 });
  for (const pageSize of [4096, 512, 65_536]) {
    fs.rmSync(database);
    const db = createState(database, 'delete', NEW, { pageSize });
    expect(await service.restoreBackup(backup.name)).toMatchObject({ method: 'online', movedAside: [] });
    expect(stateIn(db)).toEqual(OLD);
    db.exec("UPDATE state SET tag = 'written'");
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(db.pragma('page_size', { simple: true })).toBe(1024);
    db.close();
  }
});

test('another page size in WAL mode: refused while the app runs; then the old file is moved aside, and saved too', async () => {
  const { service, backup, database } = await withBackup('wal', OLD, NEW, { pageSize: 8192 });
  fs.rmSync(database);
  createState(database, 'wal', NEW).close();
  const app = start('state-app.js', ['better-sqlite3', database]);
  expect(await app.next()).toEqual([NEW]);
  const before = backupNames(folder.path);
  const refused = await failureOf(() => service.restoreBackup(backup.name), 'ERR_BACKUP_RESTORE_IN_USE', database);
  if (process.platform === 'linux') expect(refused.message).toContain(`process ${app.pid} (node)`);
  expect(await app.ask('state')).toEqual([NEW]);
  expect(backupNames(folder.path)).toEqual(before);
  await app.ask('close');
  app.kill();
  await app.ended;

  const report = await service.restoreBackup(backup.name);
  expect(report).toMatchObject({ method: 'offline', journalMode: 'wal', safetyBackup: expect.any(String) });
  expect(stateOf(database)).toEqual(OLD);
  expect(modeOf(database)).toBe('wal');
  expect(stateOf(folder.file(report.safetyBackup!))).toEqual(NEW);
  expect(report.movedAside).toEqual([expect.stringMatching(/app\.db\.replaced-\d{8}_\d{6}$/)]);
  expect(stateOf(report.movedAside[0]!)).toEqual(NEW);
});

describe('a live database that is no longer one', () => {
  let service: BackupService;
  let backup: Backup;
  const database = () => folder.file('app.db');

  beforeEach(async () => {
    ({ service, backup } = await withBackup('wal'));
  });

  test.each<[string, () => Record<string, string | Buffer>]>([
    ['is missing', () => ({})],
    ['is missing, with all that stood beside it left over', () => ({ '-wal': 'w', '-shm': 's', '-journal': 'j' })],
    ['is garbage', () => ({ '': 'no database '.repeat(1000) })],
    ['is garbage with leftovers', () => ({ '': 'no database '.repeat(1000), '-wal': 'w', '-journal': 'j' })],
    ['is empty', () => ({ '': '' })],
    ['has a damaged page', () => ({ '': overwritten(4096, 2 * 4096) })],
    ['has a damaged page, and a WAL', () => ({ '': overwritten(4096, 2 * 4096), '-wal': 'w' })],
    ['was cut off', () => ({ '': fs.readFileSync(database()).subarray(0, 5_000) })],
  ])('and %s: the old files are moved aside as they were, and a new one is there', async (_what, plant) => {
    const files = plant();
    for (const suffix of ['', '-wal', '-shm', '-journal']) fs.rmSync(database() + suffix, { force: true });
    for (const [suffix, text] of Object.entries(files)) fs.writeFileSync(database() + suffix, text);

    const report = await service.restoreBackup(backup.name);
    expect(report).toMatchObject({ method: 'offline', journalMode: 'wal', path: database() });
    expect(report).not.toHaveProperty('safetyBackup');
    const aside = report.movedAside.map((file) => file.replace(/^.*\.replaced-\d{8}_\d{6}/, ''));
    // Where the file looks like a database, SQLite opens it, and clears away a WAL that holds nothing, as for any program.
    const isDatabase = files['']?.toString().startsWith('SQLite format 3') ?? false;
    expect(aside.sort()).toEqual(isDatabase ? [''] : Object.keys(files).sort());
    if ('' in files) {
      const main = report.movedAside.find((file) => /\d$/.test(file))!;
      expect(fs.readFileSync(main).equals(Buffer.from(files['']))).toBe(true);
    }
    expect(stateOf(database())).toEqual(OLD);
    expect(modeOf(database())).toBe('wal');
    expect(filesOf(folder.path).filter((name) => name.includes('partial'))).toEqual([]);
  });

  const onLinux = process.platform === 'linux' ? test : test.skip;
  onLinux(
    'is not replaced while another process has it open, even a deleted one (from /proc: Linux only)',
    async () => {
      const app = start('state-app.js', ['better-sqlite3', database()]);
      await app.next();
      fs.rmSync(database());
      const refused = await failureOf(() => service.restoreBackup(backup.name), 'ERR_BACKUP_RESTORE_IN_USE');
      expect(refused.message).toContain(`process ${app.pid}`);
      expect(fs.existsSync(database())).toBe(false);
      app.kill();
      await app.ended;
      fs.rmSync(`${database()}-wal`, { force: true });
      await service.restoreBackup(backup.name);
      expect(stateOf(database())).toEqual(OLD);
    },
  );

  test('is replaced behind a link: the link stays one', async () => {
    fs.mkdirSync(folder.file('real'));
    fs.rmSync(database());
    fs.writeFileSync(folder.file('real', 'shop.db'), 'garbage '.repeat(1000));
    fs.symlinkSync(folder.file('real', 'shop.db'), database());
    const { path, movedAside } = await service.restoreBackup(backup.name);
    expect(path).toBe(folder.file('real', 'shop.db'));
    expect(fs.lstatSync(database()).isSymbolicLink()).toBe(true);
    expect(movedAside[0]).toContain(folder.file('real', 'shop.db.replaced-'));
    expect(stateOf(database())).toEqual(OLD);
  });

  const overwritten = (from: number, to: number) => fs.readFileSync(database()).fill(0x55, from, to);
});

describe('a backup that fails its check is refused, and the live database is untouched byte for byte', () => {
  const harm: [string, (file: string) => void][] = [
    ['one byte is another', (file) => patch(file, 9_000)],
    ['it is cut off', (file) => fs.truncateSync(file, 8_192)],
    ['it has no manifest, and is garbage', (file) => plain(file, Buffer.from('garbage '.repeat(1000)))],
    [
      'it has no manifest, and a page of it is damaged',
      (file) => plain(file, fs.readFileSync(file).fill(0, 4096, 8192)),
    ],
    ['it has no manifest, and is garbage that claims to be in WAL mode', (file) => plain(file, walGarbage())],
  ];
  test.each(harm)('%s', async (_what, damage) => {
    const { service, backup } = await withBackup('delete');
    damage(backup.path);
    const before = contentsOf(folder.path);
    const error = await failureOf(() => service.restoreBackup(backup.name), 'ERR_BACKUP_DAMAGED', backup.name);
    expect(error.step).toBe('check');
    await failureOf(() => service.restoreBackup(backup.name, { to: folder.file('to.db') }), 'ERR_BACKUP_DAMAGED');
    expect(contentsOf(folder.path)).toEqual(before);
    expect(logger.lines.at(-1)).toContain(`error Restoring ${backup.name} FAILED [ERR_BACKUP_DAMAGED]`);
  });

  function patch(file: string, at: number) {
    const bytes = fs.readFileSync(file);
    bytes[at]! ^= 1;
    fs.writeFileSync(file, bytes);
  }
  function plain(file: string, bytes: Buffer) {
    fs.rmSync(file.replace(/db$/, 'json'));
    fs.writeFileSync(file, bytes);
  }
  function walGarbage() {
    const bytes = Buffer.alloc(8192, 0x55);
    bytes.write('SQLite format 3\0', 'latin1');
    bytes.set([0x10, 0x00, 2, 2], 16);
    return bytes;
  }
});

describe("another program's backup, without a manifest,", () => {
  test('that is a plain copy in WAL mode: the database keeps its own mode, and nothing is left beside the backup', async () => {
    const copy = createState(folder.file('copy.db'), 'wal', OLD);
    copy.close();
    createState(folder.file('app.db'), 'delete', NEW).close();
    const name = 'app_backup_20260101_120000.db';
    fs.renameSync(folder.file('copy.db'), folder.file(name));
    const before = fs.readFileSync(folder.file(name));

    const report = await serviceWith().restoreBackup(name);
    expect(report).toMatchObject({ method: 'online', journalMode: 'delete' });
    expect(stateOf(folder.file('app.db'))).toEqual(OLD);
    expect(modeOf(folder.file('app.db'))).toBe('delete');
    expect(fs.readFileSync(folder.file(name)).equals(before)).toBe(true);
    expect(filesOf(folder.path).filter((each) => each.startsWith(name) || each.includes('partial'))).toEqual([name]);
  });

  test('with a stale -wal beside a backup that has a manifest, the backup is what its hash says', async () => {
    const { service, backup, database } = await withBackup('wal');
    const other = createState(folder.file('other.db'), 'wal', { tag: 'stale', rows: 40 });
    other.pragma('wal_autocheckpoint = 0');
    fillState(other, { tag: 'stale 2', rows: 40 });
    fs.copyFileSync(folder.file('other.db-wal'), `${backup.path}-wal`);
    other.close();
    await service.restoreBackup(backup.name);
    expect(stateOf(database)).toEqual(OLD);
  });
});

describe('to another path', () => {
  test('makes one whole file with the bytes of the backup, while the app goes on', async () => {
    const { service, backup, database } = await withBackup('wal');
    const app = start('state-app.js', ['better-sqlite3', database]);
    await app.next();
    const restored = jest.fn();
    service.on('restored', restored);
    const to = folder.file('copy.db');
    const report = await service.restoreBackup(backup.name, { to });
    expect(report).toMatchObject({ method: 'copy', path: to, movedAside: [], journalMode: 'delete' });
    expect(report).not.toHaveProperty('safetyBackup');
    expect(fs.readFileSync(to).equals(fs.readFileSync(backup.path))).toBe(true);
    expect(fs.statSync(to).mode & 0o777).toBe(0o600);
    expect(await app.ask('state')).toEqual([NEW]);
    expect(restored).toHaveBeenCalledWith(report);
    expect(backupNames(folder.path)).toEqual([backup.name]);
    expect(filesOf(folder.path).filter((name) => name.includes('partial'))).toEqual([]);
  });

  test.each(['', '-wal', '-journal', '-shm'])('never goes over an existing file: taken%s', async (suffix) => {
    const { service, backup } = await withBackup('wal');
    fs.writeFileSync(folder.file(`taken.db${suffix}`), 'mine');
    const before = contentsOf(folder.path);
    const to = folder.file('taken.db');
    await failureOf(() => service.restoreBackup(backup.name, { to }), 'ERR_BACKUP_RESTORE_TARGET', `${to}${suffix}`);
    expect(contentsOf(folder.path)).toEqual(before);
  });

  test.each<[string, string, string]>([
    ['a folder that is not there', 'nowhere/a.db', 'does not exist'],
    ['a folder that is a file', 'app.db/a.db', 'is not a folder'],
    ['a folder', 'folder', 'exists'],
    ['the name of a backup', 'app_backup_20200101_000000.db', 'taken for a backup'],
    ['the live database', 'app.db', 'exists'],
    ['a side file of a database that is not there yet', 'later.db-wal', 'for a part of'],
    ['a name that is too long', `${'x'.repeat(240)}.db`, 'too long'],
    ['a link that leads in a circle', 'circle/a.db', 'ELOOP'],
  ])('refuses %s', async (_what, to, why) => {
    const { service, backup } = await withBackup('delete');
    fs.mkdirSync(folder.file('folder'));
    fs.symlinkSync('circle', folder.file('circle'));
    await failureOf(
      () => service.restoreBackup(backup.name, { to: folder.file(to) }),
      'ERR_BACKUP_RESTORE_TARGET',
      why,
    );
  });
});

test.each(['../app.db', '/etc/passwd', 'app.db', ''])('the name %p reaches no file', async (name) => {
  const { service } = await withBackup('delete');
  await failureOf(() => service.restoreBackup(name), 'ERR_BACKUP_INVALID_NAME');
  await failureOf(() => service.protectBackup(name), 'ERR_BACKUP_INVALID_NAME');
  await failureOf(() => service.restoreBackup('app_backup_20200101_000000.db'), 'ERR_BACKUP_NOT_FOUND');
  await failureOf(() => service.restoreBackup(name, { to: '' }), 'ERR_BACKUP_OPTIONS');
});

test('after a restore a decorated method looks at the folder again: the safety backup counts as fresh', async () => {
  const { backup } = await withBackup('wal');
  const service = serviceWith();
  service.checkDue();
  expect(service.knownFresh).toBe(true);
  const { safetyBackup } = await service.restoreBackup(backup.name);
  expect(service.knownFresh).toBe(false);
  expect(service.checkDue()).toMatchObject({ due: false, reason: 'fresh', latest: { name: safetyBackup } });
});

test('its progress goes through the steps, and it can be cancelled', async () => {
  const { service, backup, database } = await withBackup('wal');
  const steps: string[] = [];
  await service.restoreBackup(backup.name, { onProgress: ({ step }) => steps.at(-1) === step || steps.push(step) });
  expect(steps).toEqual(
    'lock sweep check space block-writers space pin copy seal verify publish restore compare'.split(' '),
  );
  const controller = new AbortController();
  const cancelled = await failureOf(
    () =>
      service.restoreBackup(steps.length > 0 ? backup.name : '', {
        signal: controller.signal,
        onProgress: ({ step }) => step === 'check' && controller.abort(),
      }),
    'ERR_BACKUP_CANCELLED',
  );
  expect(cancelled.message).toContain('The restore was cancelled');
  expect(stateOf(database)).toEqual(OLD);
});

test('a restore gets in line behind explicit backups, and whenIdle() waits for it', async () => {
  const { service, backup, database } = await withBackup('wal');
  const order: string[] = [];
  const taking = service.createBackup().then(({ name }) => order.push(name));
  const restoring = service.restoreBackup(backup.name).then(() => order.push('restored'));
  await service.whenIdle();
  expect(order).toEqual([expect.stringContaining('app_backup_'), 'restored']);
  await Promise.all([taking, restoring]);
  expect(stateOf(database)).toEqual(OLD);
});
