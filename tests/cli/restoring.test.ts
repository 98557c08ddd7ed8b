import Database from 'better-sqlite3';
import fs from 'node:fs';
import { addEntry, checkLedger } from '../support/databases';
import { patience } from '../support/patience';
import { isolatedChildOf, until } from '../support/processes';
import { backupNames, contentsOf } from '../support/whole-backups';
import { keysOf, useCli, useShop } from './support';
import type { Ran } from './support';

const cli = useCli();
const shop = useShop();
const run = (...args: string[]): Promise<Ran> => cli.run([...args, '--database', 'app.db'], { cwd: shop.path });

/** A backup with one entry; the database goes on to two. */
async function takeAndGoOn(): Promise<string> {
  expect((await run('create')).code).toBe(0);
  const name = backupNames(shop.path).at(-1)!;
  const db = new Database(shop.database);
  addEntry(db);
  db.close();
  return name;
}

function damage(name: string): void {
  const fd = fs.openSync(shop.file(name), 'r+');
  fs.writeSync(fd, Buffer.alloc(2000, 7), 0, 2000, 4096);
  fs.closeSync(fd);
}

describe('restore', () => {
  test('without a terminal it needs --yes, shows what would happen, and changes nothing', async () => {
    const name = await takeAndGoOn();
    const untouched = contentsOf(shop.path);
    const { code, stdout, stderr } = await run('restore', 'latest');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(
      new RegExp(`^restore +${name} .*\nover +${shop.database} .*last written .*\nfirst +the present state is kept`),
    );
    expect(stderr).toContain('Add --yes. Nothing was changed.');
    expect(contentsOf(shop.path)).toEqual(untouched);
  });

  test('puts the backup back, says where the state before is, and that one can be restored in turn', async () => {
    const name = await takeAndGoOn();
    const { code, stdout } = await run('restore', name, '--yes');
    expect(code).toBe(0);
    expect(checkLedger(shop.database)).toEqual({ entries: 1 });
    const safety = backupNames(shop.path).find((each) => each !== name)!;
    expect(stdout).toContain(`Restored ${name} to ${shop.database}`);
    expect(stdout).toContain(`The state before is in ${safety}, protected.`);

    expect((await run('delete', safety, '--yes')).code).toBe(1);
    expect(await run('restore', safety, '--yes', '--quiet')).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(checkLedger(shop.database)).toEqual({ entries: 2 });
  });

  test('latest, given again, restores the same, not the state that was just replaced; without another one it is that', async () => {
    const name = await takeAndGoOn();
    for (const time of ['first', 'second']) {
      const { code, json } = await run('restore', 'latest', '--yes', '--json');
      expect({ time, code, name: json()['name'] }).toEqual({ time, code: 0, name });
      expect(checkLedger(shop.database)).toEqual({ entries: 1 });
    }
    fs.rmSync(shop.file(name));
    const safety = backupNames(shop.path).at(-1)!;
    expect((await run('restore', 'latest', '--yes', '--json')).json()).toMatchObject({ name: safety });
  });

  test('--json', async () => {
    const name = await takeAndGoOn();
    const { code, json } = await run('restore', name, '--yes', '--json');
    expect(code).toBe(0);
    expect(json()).toMatchObject({
      name,
      path: shop.database,
      method: 'online',
      safetyBackup: expect.stringMatching(/^app_backup_/),
    });
    expect(keysOf(json()).sort()).toEqual(
      [
        'name',
        'path',
        'method',
        'safetyBackup',
        'movedAside[]',
        'sizeBytes',
        'pageCount',
        'journalMode',
        'sha256',
        'durationMs',
      ].sort(),
    );
  });

  test('--to writes a new file, counted from here, and leaves the database alone', async () => {
    const name = await takeAndGoOn();
    const asked = await run('restore', name, '--to', 'copy.db');
    expect({ code: asked.code, there: fs.existsSync(shop.file('copy.db')) }).toEqual({ code: 2, there: false });
    expect((await run('restore', name, '--to', 'copy.db', '--yes')).code).toBe(0);
    expect(checkLedger(shop.file('copy.db'))).toEqual({ entries: 1 });
    expect(checkLedger(shop.database)).toEqual({ entries: 2 });

    const again = await run('restore', name, '--to', 'copy.db', '--yes', '--json');
    expect({ code: again.code, error: again.json()['error'] }).toMatchObject({
      code: 1,
      error: { code: 'ERR_BACKUP_RESTORE_TARGET' },
    });
  });

  test.each(['-wal', '-journal', '-shm'])(
    '--to is refused where SQLite would take it for a part of a database: app.db%s',
    async (suffix) => {
      const name = await takeAndGoOn();
      const untouched = contentsOf(shop.path);
      const { code, json } = await run('restore', name, '--to', `app.db${suffix}`, '--yes', '--json');
      expect({ code, error: json()['error'] }).toMatchObject({
        code: 1,
        error: { code: 'ERR_BACKUP_RESTORE_TARGET', message: expect.stringContaining('for a part of') },
      });
      expect(contentsOf(shop.path)).toEqual(untouched);
    },
  );

  test('a damaged backup ends with 13, and the database is as it was', async () => {
    const name = await takeAndGoOn();
    damage(name);
    const { code, json } = await run('restore', name, '--yes', '--json');
    expect({ code, error: json()['error'] }).toMatchObject({ code: 13, error: { code: 'ERR_BACKUP_DAMAGED' } });
    expect(checkLedger(shop.database)).toEqual({ entries: 2 });
  });

  test('a busy database ends with 11, unchanged', async () => {
    const name = await takeAndGoOn();
    const writer = new Database(shop.database);
    writer.exec('BEGIN IMMEDIATE');
    const timeout = String(patience(4_000));
    const { code, json } = await run('restore', name, '--yes', '--json', '--timeout', timeout).finally(() =>
      writer.close(),
    );
    expect({ code, error: json()['error'] }).toMatchObject({ code: 11, error: { code: 'ERR_BACKUP_RESTORE_BUSY' } });
    expect(checkLedger(shop.database)).toEqual({ entries: 2 });
  });

  test.each([['latest'], ['app_backup_20200101_000000.db'], ['../app.db']])('there is no backup %s', async (name) => {
    const { code, json } = await run('restore', name, '--yes', '--json');
    expect({ code, error: json()['error'] }).toMatchObject({ code: 1, error: { code: 'ERR_BACKUP_NOT_FOUND' } });
  });

  test('on a terminal it asks: no changes nothing, yes restores', async () => {
    const name = await takeAndGoOn();
    const untouched = shop.backupFiles();
    for (const [answer, exit, entries] of [
      ['n', 130, 2],
      ['y', 0, 1],
    ] as const) {
      expect({ answer, files: shop.backupFiles() }).toEqual({ answer, files: untouched });
      const running = cli.onTerminal(['restore', 'latest', '--database', 'app.db'], { cwd: shop.path });
      await running.shows('[y/N] ');
      expect(running.output()).toContain(`restore  ${name}`);
      running.type(`${answer}\n`);
      expect((await running.ended).code).toBe(exit);
      expect(checkLedger(shop.database)).toEqual({ entries });
    }
  });

  test('Ctrl-C while it waits for a writer ends with 130; the database is as it was', async () => {
    const name = await takeAndGoOn();
    const writer = new Database(shop.database);
    writer.exec('BEGIN IMMEDIATE');
    const running = cli.start(['restore', name, '--yes', '--database', 'app.db'], { cwd: shop.path });
    await until(() => isolatedChildOf(running.child.pid!));
    await running.shows('waiting for writers');
    running.child.kill('SIGINT');
    const { code } = await running.ended.finally(() => writer.close());
    expect(code).toBe(130);
    expect(isolatedChildOf(running.child.pid!)).toBe(undefined);
    expect(checkLedger(shop.database)).toEqual({ entries: 2 });
  });
});

describe('verify', () => {
  test('checks the newest one, and status, list and doctor know of it', async () => {
    const name = await takeAndGoOn();
    const { code, stdout } = await run('verify');
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^ok +${name}  quick, `));
    expect((await run('status')).stdout).toMatch(new RegExp(`^verified +${name} +quick, ok, `, 'm'));
    expect((await run('doctor')).stdout).toContain(`Last verified: ${name} (quick), `);
    const { lastVerification } = (await run('status', '--json')).json<{ lastVerification: object }>();
    expect(lastVerification).toEqual({ name, level: 'quick', ok: true, at: expect.stringMatching(/^\d{4}-.*Z$/) });
    expect((await run('verify', name, '--level', 'full')).code).toBe(0);
    expect((await run('list')).stdout).toMatch(new RegExp(`${name} .* full `));
  });

  test.each(['hash', 'quick', 'full', 'drill'])('--level %s --json', async (level) => {
    const name = await takeAndGoOn();
    const { code, json } = await run('verify', name, '--level', level, '--json');
    expect(code).toBe(0);
    expect(json()).toMatchObject({ ok: true, results: [{ name, level, ok: true, problems: [], error: null }] });
    expect(keysOf(json()).sort()).toEqual(
      [
        'ok',
        ...[
          'name',
          'level',
          'ok',
          'problems[]',
          'findings[]',
          'uncheckedTables[]',
          'assertions[]',
          'recorded',
          'sizeBytes',
          'sha256',
          'durationMs',
          'error',
        ].map((key) => `results[].${key}`),
      ].sort(),
    );
  });

  test('--assert runs in a drill: 0 if all are true, 13 if one is false', async () => {
    await takeAndGoOn();
    const good = await run('verify', '--assert', 'SELECT count(*) = 1 FROM entries', '--assert', 'SELECT 1');
    expect(good.stdout).toMatch(/ drill, .*\n +true +SELECT count\(\*\) = 1 FROM entries\n +true +SELECT 1\n$/);
    expect(good.code).toBe(0);
    const wrong = await run('verify', '--assert', 'DELETE FROM entries', '--json');
    expect({ code: wrong.code, error: wrong.json()['error'] }).toMatchObject({
      code: 2,
      error: { code: 'ERR_BACKUP_OPTIONS' },
    });
    const typo = await run('verify', '--assert', 'SELECT count(*) >> FROM entries', '--json');
    expect({ code: typo.code, error: typo.json()['error'] }).toMatchObject({
      code: 2,
      error: { code: 'ERR_BACKUP_OPTIONS', message: expect.stringContaining('syntax error') },
    });
    expect((await run('verify')).code).toBe(0);
    const bad = await run('verify', '--assert', 'SELECT count(*) > 1 FROM entries');
    expect(bad.stdout).toMatch(/^BAD .*drill.*\n(.*\n)* +FALSE +SELECT count\(\*\) > 1 FROM entries/);
    expect(bad.code).toBe(13);
  });

  test('--all checks every one; a damaged one ends with 13, is named, and shown by doctor and list', async () => {
    const bad = await takeAndGoOn();
    const good = await takeAndGoOn();
    damage(bad);
    const { code, stdout } = await run('verify', '--all', '--level', 'hash');
    expect(stdout).toMatch(new RegExp(`^ok +${good}`, 'm'));
    expect(stdout).toMatch(new RegExp(`^BAD +${bad} .*\n +.*sha256`, 'm'));
    expect(code).toBe(13);
    const { code: again, json } = await run('verify', '--all', '--json');
    expect({ again, ok: json()['ok'] }).toEqual({ again: 13, ok: false });
    const doctor = await run('doctor');
    expect(doctor.stdout).toMatch(new RegExp(`^FAIL  verification +The latest verification failed: ${bad}`, 'm'));
    expect(doctor.code).toBe(1);
    expect((await run('list')).stdout).toMatch(new RegExp(`${bad} .*FAILED.*DOES NOT COUNT`));
  });

  test('without backups: --all has nothing to do, one of that name is not found', async () => {
    expect(await run('verify', '--all')).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('There are no backups'),
    });
    expect((await run('verify')).code).toBe(1);
    expect((await run('verify', 'app_backup_20200101_000000.db')).stderr).toContain('ERR_BACKUP_NOT_FOUND');
  });
});

describe('protect', () => {
  test('and delete refuses it, until the protection is taken off in either way', async () => {
    const name = await takeAndGoOn();
    expect(await run('protect', 'latest')).toMatchObject({ code: 0, stdout: `${name} is protected.\n` });
    expect((await run('protect', name)).code).toBe(0);
    expect((await run('list')).stdout).toMatch(new RegExp(`${name} .* yes`));
    expect((await run('delete', name, '--yes')).stderr).toContain('ERR_BACKUP_PROTECTED');

    const off = await run('protect', name, '--off', '--json');
    expect({ code: off.code, document: off.json() }).toEqual({ code: 0, document: { name, protected: false } });
    expect((await run('protect', name, '--json')).json()).toEqual({ name, protected: true });
    expect(await run('unprotect', name)).toMatchObject({ code: 0, stdout: `${name} is no longer protected.\n` });
    expect((await run('delete', name, '--yes')).code).toBe(0);
    expect(backupNames(shop.path)).toEqual([]);
  });
});
