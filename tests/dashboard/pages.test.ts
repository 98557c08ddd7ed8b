import fs from 'node:fs';
import { BackupError, directoryStore } from 'sqlite-autobackup';
import { createLedger } from '../support/databases';
import { DAY, JUST_NOW, writeBackup } from '../support/planted-backups';
import { fakeSnapshotter } from '../support/fake-snapshotter';
import { sleep, until } from '../support/processes';
import { ALL, useDashboard } from './support';

const dash = useDashboard();

const plain = (html = '') =>
  html
    .replace(/<[^>]*>/g, '')
    .replace(/\s+/g, ' ')
    .trim();
/** Level, headline and sentence, once the look at the database has come, which the page does not wait for. */
const verdictOn = async (headers = {}) => {
  const { text } = await dash.looked('/', headers);
  const part = (pattern: RegExp) => plain(pattern.exec(text)?.[1]);
  return [
    part(/class="banner (\w+)"/),
    part(/<h2 id="verdict"[^>]*>([^<]*)</),
    part(/<p id="verdict-say"[^>]*>(.*?)<\/p>/s),
  ];
};
/** Nothing is left to do but for the backups themselves: a drill has passed, and "only here" is accepted. */
const careIsTaken = () => {
  const record = (name: string, contents: object) =>
    fs.writeFileSync(
      dash.temp.file(`.app_backup.${name}.json`),
      JSON.stringify({ formatVersion: 1, at: new Date().toISOString(), ...contents }),
    );
  record('only-here', {});
  record('drill', { name: 'app_backup_20260101_000000.db', ok: true });
};
const plant = (daysAgo: number, more: Parameters<typeof writeBackup>[2] = { manifest: true }) =>
  writeBackup(dash.temp.path, new Date(Date.now() - daysAgo * DAY), more);

test.each([
  ['before anything went wrong', undefined, true],
  ['once it has failed for want of room', 'ERR_BACKUP_NO_SPACE', false],
  ['once it has failed otherwise', 'ERR_BACKUP_TIMEOUT', false],
] as const)('no backups yet, %s: no sentence names a button that is not there', async (_, code, hasButton) => {
  const snapshotter = Object.assign(fakeSnapshotter(), { inspect: () => Promise.resolve({ journalMode: 'wal', pageCount: 2, pageSize: 4096 }) }); // prettier-ignore
  if (code) snapshotter.failure = new BackupError(code, 'It went wrong.', { step: 'copy', hint: 'Mend it.' });
  const service = dash.service({ snapshotter });
  await dash.serve(service);
  if (code) await service.createBackup().catch(() => {});
  const { text } = await dash.looked('/');
  expect(text.includes('>Back up now<')).toBe(hasButton);
  expect(text.includes('if you press the button')).toBe(hasButton);
  // There is nothing that could go.
  expect(text).not.toContain('Which could go?');
});

describe('one sentence and a colour', () => {
  beforeEach(careIsTaken);

  test('safe', async () => {
    await dash.serve(dash.service());
    plant(2);
    expect(await verdictOn()).toEqual(['good', 'Safe', 'The last backup is from 2 days ago']);
  });

  test('no backup yet', async () => {
    await dash.serve(dash.service());
    expect(await verdictOn()).toEqual(['bad', 'Not safe', 'There is no backup yet']);
  });

  test('a backup is due', async () => {
    await dash.serve(dash.service());
    plant(9);
    expect(await verdictOn()).toEqual(['warning', 'One thing to do', 'The last backup is from 9 days ago']);
  });

  test('fresh, but made by another program and never verified', async () => {
    await dash.serve(dash.service());
    plant(1.1, {});
    expect(await verdictOn()).toEqual(['warning', 'Safe here, one thing to do', 'The newest backup was never checked']);
  });

  test('the only one failed its check', async () => {
    const service = dash.service();
    await dash.serve(service);
    const { name, path } = await service.createBackup();
    const bytes = fs.readFileSync(path);
    bytes.fill(7, 5_000, 6_000);
    fs.writeFileSync(path, bytes);
    expect((await dash.act(`/backups/${name}/verify`, { level: 'quick' })).text).toContain(`${name} is not in order.`);
    expect(await verdictOn()).toEqual(['bad', 'Not safe', 'No backup can be used']);
    expect((await dash.get('/')).text).toContain(`${name} does not count as a backup: its last check found it broken.`);
    const detail = await dash.get(`/backups/${name}`);
    expect(detail.text).toContain('Check failed');
    expect(detail.text).toMatch(/<ul class="problems">\s*<li>[^<]+/);
    expect(detail.text).not.toContain(dash.temp.path);
  });

  test('the database is garbage, however fresh its backup is', async () => {
    await dash.serve(dash.service());
    plant(2);
    fs.writeFileSync(dash.temp.file('app.db'), 'this is no database, whatever it says');
    expect(await verdictOn()).toEqual([
      'bad',
      'Not safe',
      'The database cannot be used: the database file is not a database',
    ]);
    expect(await verdictOn({ 'accept-language': 'es' })).toEqual([
      'bad',
      'En riesgo',
      'La base de datos no se puede usar: el archivo no es una base de datos',
    ]);
    const { text } = await dash.get('/');
    expect(text).toContain('Go back to…');
    expect(text).not.toContain('Back up now');
  });

  test('the database is gone, however good its backups are', async () => {
    await dash.serve(dash.service());
    plant(2);
    fs.rmSync(dash.temp.file('app.db'));
    expect(await verdictOn()).toEqual(['bad', 'Not safe', 'The database is gone']);
    expect((await dash.get('/')).text).toContain('Go back to…');
    expect((await dash.get('/api/status')).json()).toMatchObject({ level: 'bad', kind: 'database-gone' });
  });

  test('the folder cannot be read: that is said, and is not "no backups"', async () => {
    await dash.serve(dash.service({ directory: dash.temp.file('away') }));
    expect(await verdictOn()).toEqual(['bad', 'Not safe', 'The backup folder is not there']);
    expect((await dash.get('/api/status')).json()).toMatchObject({ error: { code: 'ERR_BACKUP_DIRECTORY_MISSING' } });
    expect((await dash.get('/api/backups')).status).toBe(500);
  });
});

test('a page waits for no look at the database: it says that one is under way, and the stream tells what it finds', async () => {
  const service = dash.service();
  await service.createBackup();
  await dash.serve(service);
  // Not part of the public types.
  const inside = service as typeof service & { lookAtDatabase(): Promise<unknown> };
  const look = inside.lookAtDatabase.bind(inside);
  let release: (() => void) | undefined;
  jest.spyOn(inside, 'lookAtDatabase').mockImplementation(async () => {
    await new Promise<void>((resolve) => (release ??= resolve));
    return look();
  });
  const { text } = await dash.get('/');
  expect(text).toContain('The database is being looked at');
  // For browsers without a script.
  expect(text).toMatch(/<noscript><meta http-equiv="refresh" content="3"/);
  await until(() => release);
  release!();
  await until(async () => !(await dash.get('/')).text.includes('being looked at'));
});

test('a database that nobody has looked at yet is not said to be one that could not be looked at', async () => {
  const service = dash.service();
  const inside = service as typeof service & { lookAtDatabase(): Promise<unknown> };
  jest.spyOn(inside, 'lookAtDatabase').mockImplementation(() => new Promise(() => {}));
  await dash.serve(service);
  const { text } = await dash.get('/');
  expect(text).toContain('There is no backup yet');
  expect(text).not.toContain('could not be looked at');
});

test('"only on this computer" is accepted with one button, by whoever may delete, and then is no warning', async () => {
  const service = dash.service();
  await service.createBackup();
  await dash.serve(service);
  expect((await dash.get('/')).text).toContain('action="./only-here"');
  expect((await dash.postForm('/only-here', {})).status).toBe(303);
  expect((await dash.get('/api/status')).json().answers[2]).toMatchObject({ mark: 'good', code: 'only-here-accepted' });
  await dash.postJson('/api/only-here', { accepted: false });
  expect((await dash.get('/api/status')).json().answers[2]).toMatchObject({ mark: 'warning', code: 'only-here' });
  expect((await dash.postJson('/api/only-here', { accepted: 'no' })).status).toBe(400);
});

test('what waits for a store is sent with one button', async () => {
  const store = directoryStore(dash.temp.file('nas'));
  const service = dash.service({ copies: [store] });
  await service.createBackup();
  await service.shipPending();
  await dash.serve(service);
  // The folder comes after the first try has failed.
  fs.mkdirSync(dash.temp.file('nas'));
  expect((await dash.postForm('/ship', {})).status).toBe(303);
  await until(async () => (await dash.get('/api/status')).json().copies[0].pendingCount === 0);
});

test('what a page shows is never older than the request for it, however many ask', async () => {
  const service = dash.service();
  let asked = 0;
  await dash.serve(service, { authorize: () => (asked++, ALL) });
  const look = service.status.bind(service);
  let release: (() => void) | undefined;
  const looks = jest.spyOn(service, 'status').mockImplementationOnce(async () => {
    const before = await look();
    await new Promise<void>((resolve) => (release = resolve));
    return before;
  });
  const early = dash.get('/api/status');
  await until(() => release);
  await service.createBackup();
  const late = Array.from({ length: 20 }, () => dash.get('/api/status'));
  await until(() => asked === 21);
  await sleep(20);
  release!();
  expect((await early).json()).toMatchObject({ kind: 'no-backup' });
  for (const answer of await Promise.all(late)) expect(answer.json()).toMatchObject({ kind: 'never-drilled' });
  expect(looks).toHaveBeenCalledTimes(2);
});

test('the numbers: last backup, next due date, sizes, space', async () => {
  await dash.serve(dash.service());
  plant(2, { sizeBytes: 3_000_000, manifest: true });
  plant(9, { sizeBytes: 1_000_000, manifest: true });
  const { text } = await dash.get('/');
  const numbers = Object.fromEntries(
    [...text.matchAll(/<dt>([^<]*)<\/dt>\s*<dd>\s*([^<]*)(?:<small>(?:<time[^>]*>)?([^<]*))?/g)].map(
      ([, name, value, note]) => [name, [value!.trim(), note]],
    ),
  );
  expect(numbers).toMatchObject({
    'Last backup': [expect.any(String), '2.86 MB'],
    'Next one due': [expect.any(String), expect.stringMatching(/^in 5 days$/)],
    Database: [expect.stringMatching(/kB$/), undefined],
    'Backups take': ['3.81 MB', '2 backups'],
    'Free space': [expect.stringMatching(/[MGT]B$/), undefined],
  });
});

test('the warnings: writers wait in rollback-journal mode; backups that do not count', async () => {
  const service = dash.service();
  fs.rmSync(dash.temp.file('app.db'));
  createLedger(dash.temp.file('app.db'), 'delete').close();
  await dash.serve(service);
  plant(1);
  const damaged = plant(3, { manifest: { sizeBytes: 1 } });
  const { text } = await dash.looked();
  expect(text).toContain('PRAGMA journal_mode=WAL');
  expect(text).toContain(`${damaged} does not count as a backup: its size is not the recorded one.`);
  // What was found good when it was taken says nothing of a file that has changed since.
  const row = text.slice(text.indexOf(`title="${damaged}"`));
  expect(row.slice(0, row.indexOf('</tr>'))).toContain('its size is not the recorded one');
  expect(row.slice(0, row.indexOf('</tr>'))).not.toMatch(/>\s*Verified/);
});

test('markup in labels, titles and file names stays text', async () => {
  const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`;
  // Windows allows fewer signs in a name.
  const file = process.platform === 'win32' ? `a'&amp;.db` : `a"<b>'&amp;.db`;
  const service = dash.service({ database: dash.temp.file(file) });
  const { name } = await service.createBackup({ label: evil });
  await dash.serve(service, { title: evil });
  for (const path of ['/', `/backups/${encodeURIComponent(name)}`, `/backups/${encodeURIComponent(name)}/restore`]) {
    const { status, text } = await dash.get(path);
    expect(status).toBe(200);
    expect(text).not.toContain('<script>alert');
    expect(text).not.toContain('<img');
    expect(text).not.toMatch(/<b>/);
    expect(text).toContain('&lt;script&gt;alert(1)');
  }
  expect((await dash.get('/api/backups')).json()).toMatchObject([{ name, label: evil }]);
});

test('a label is said in the words of the option labels, with its name beside them', async () => {
  const labels = { 'InvoicesController.remove': 'before an <invoice> was deleted' };
  await dash.serve(dash.service({ labels }));
  const name = plant(1, { manifest: { label: 'InvoicesController.remove' } });
  for (const path of ['/', `/backups/${name}`]) {
    const { text } = await dash.get(path);
    expect(text).toContain('<bdi>before an &lt;invoice&gt; was deleted</bdi> <small>InvoicesController.remove</small>');
  }
});

describe('the table', () => {
  const rows = async (query: string) =>
    [...(await dash.get(`/${query}`)).text.matchAll(/<tr>(?:(?!<tr)[^])*?<th scope="row">[^]*?<\/tr>/g)].map(
      ([row]) => ({
        name: /title="([^"]*)"/.exec(row)![1],
        size: /data-name="Size"[^>]*>([^<]*)/.exec(row)![1]!.trim(),
        label: /class="label">\s*(?:<bdi>)?([^<]*)/.exec(row)![1]!.trim(),
      }),
    );

  test('is sorted by any column, both ways, over all pages', async () => {
    await dash.serve(dash.service());
    for (let i = 1; i <= 120; i++) {
      plant(i, {
        sizeBytes: 1024 * (((i * 37) % 120) + 1),
        manifest: { label: `step ${String((i * 11) % 120).padStart(3, '0')}` },
      });
    }
    expect(await rows('')).toHaveLength(50);
    expect(await rows('?page=3')).toHaveLength(20);
    const bySize = await rows('?sort=size&order=desc');
    expect(bySize.slice(0, 3).map(({ size }) => size)).toEqual(['120 kB', '119 kB', '118 kB']);
    expect((await rows('?sort=size&order=asc'))[0]!.size).toBe('1 kB');
    expect((await rows('?sort=label&order=asc')).slice(0, 2).map(({ label }) => label)).toEqual([
      'step 000',
      'step 001',
    ]);
    const newest = await rows('');
    const oldest = await rows('?sort=date&order=asc');
    expect(newest[0]!.name! > newest[1]!.name!).toBe(true);
    expect(oldest[0]!.name! < newest[0]!.name!).toBe(true);
    const all = [...(await rows('?page=1')), ...(await rows('?page=2')), ...(await rows('?page=3'))];
    expect(new Set(all.map(({ name }) => name)).size).toBe(120);
    const { text } = await dash.get('/?sort=size&order=desc&page=2');
    expect(text).toContain('aria-sort="descending"');
    expect(text).toContain('href="./?sort=size&amp;order=asc#backups"');
    expect(text).toContain('href="./?sort=size&amp;order=desc&amp;page=3#backups"');
  });

  test.each([
    '?sort=constructor',
    '?sort=__proto__&order=x',
    '?page=0',
    '?page=-1',
    '?page=1e99',
    '?page=NaN',
    '?page=<b>',
  ])('nonsense in the address is the first or the last page: %s', async (query) => {
    await dash.serve(dash.service());
    plant(1);
    const { status, text } = await dash.get(`/${query}`);
    expect(status).toBe(200);
    expect(text).toContain('app_backup_');
    expect(text).not.toContain('<b>');
  });

  test('1,000 backups are a page of 50 rows and less than 200 KB, with a chart of all of them', async () => {
    const service = dash.service();
    await dash.serve(service);
    for (let i = 1; i <= 1_000; i++) plant(i * 0.36, { manifest: { label: `InvoicesController.remove ${i}` } });
    const page = await dash.get('/');
    expect(page.body.length).toBeLessThan(200_000);
    expect(await rows('')).toHaveLength(50);
    expect(await rows('?page=20')).toHaveLength(50);
    expect(page.text).toMatch(/1,000 moments since/);
    expect(page.text).toContain('850 more are in the table below.');
    expect(page.text).toContain('Page 1 of 20');
  });
});

describe('pictures', () => {
  test('the dots lead to the backups, and so does a list in words', async () => {
    await dash.serve(dash.service());
    const newest = plant(1, { sizeBytes: 2_000_000, manifest: { protected: true } });
    plant(8, { sizeBytes: 1_000_000, manifest: true });
    plant(30, { sizeBytes: 500_000, manifest: true });
    const { text } = await dash.get('/');
    expect(text).toMatch(/3 moments since .*\. Click one\./);
    expect(text).toContain('488 kB to 1.91 MB');
    expect(text).toMatch(
      new RegExp(`<svg[^>]*aria-hidden="true"[^]*<a href="./backups/${newest}" tabindex="-1"\\s*>[^]*</svg>`),
    );
    expect(text.match(/<circle class="dot/g)).toHaveLength(3);
    expect(text).toMatch(new RegExp(`<li><a href="./backups/${newest}"\\s*>[^<]* · 1.91 MB · protected</a></li>`));
    expect(text).not.toMatch(/ style=|<style|<script>|javascript:|onclick=/);
    expect(text).not.toContain('NaN');
  });
});

describe('languages', () => {
  test.each([
    ['es', undefined, 'es'],
    ['es-MX,es;q=0.9,en;q=0.8', undefined, 'es'],
    ['fr,en;q=0.5,es;q=0.7', undefined, 'es'],
    ['de', undefined, 'en'],
    ['', undefined, 'en'],
    ['es;q=0', undefined, 'en'],
    ['en', 'es', 'es'],
    ['es', 'en', 'en'],
  ] as const)('Accept-Language "%s" with the locale %s: %s', async (accepted, locale, expected) => {
    await dash.serve(dash.service(), { ...(locale && { locale }) });
    const { text } = await dash.get('/', { 'accept-language': accepted });
    expect(text).toContain(`<html lang="${expected}">`);
    expect(text).toContain(expected === 'es' ? 'Hacer copia ahora' : 'Back up now');
  });

  test('errors of the API too', async () => {
    await dash.serve(dash.service(), { locale: 'es' });
    expect((await dash.get('/api/backups/x')).json()).toEqual({
      error: { code: 'ERR_DASHBOARD_NOT_FOUND', message: expect.stringContaining('no hay nada') },
    });
  });
});

describe('actions by form, as without JavaScript', () => {
  test('back up, verify in each way, protect, unprotect, delete', async () => {
    const service = dash.service();
    await dash.serve(service);
    expect((await dash.act('/backups')).text).toMatch(/The backup \S+ is made and verified/);
    const { name } = (await service.listBackups())[0]!;
    const one = `/backups/${name}`;
    for (const way of ['hash', 'quick', 'full', 'drill']) {
      const answer = await dash.act(`${one}/verify`, { level: way });
      expect(answer.text).toContain(`${name} is in order.`);
      expect(answer.path).toContain(`${one}?m=`);
    }
    expect((await dash.postForm(`${one}/verify`, { level: 'everything' })).status).toBe(400);
    expect((await dash.act(`${one}/protect`, { on: 'true' })).text).toContain('is protected now.');
    expect((await dash.get(one)).text).not.toContain('Delete…');
    expect((await dash.act(`${one}/delete`)).text).toContain('the backup is protected');
    await dash.act(`${one}/protect`, { on: 'false' });
    expect((await dash.get(`${one}/delete`)).text).toContain('is gone for good');
    expect((await dash.act(`${one}/delete`)).text).toContain('The backup is deleted.');
    expect(await service.listBackups()).toEqual([]);
    expect((await dash.get(one)).status).toBe(404);
  });

  test('restore, with a short word typed in and the report after; without it nothing changes', async () => {
    const service = dash.service();
    await dash.serve(service);
    const { name } = await service.createBackup();
    const path = `/backups/${name}/restore`;
    for (const confirm of ['', 'no', `${name}x`]) {
      expect((await dash.act(path, { confirm })).text).toContain('That is not the word. Nothing was changed.');
    }
    expect(await service.listBackups()).toHaveLength(1);
    const report = (await dash.act(path, { confirm: ' Restore ' })).text;
    expect(report).toContain(`The database is restored from ${name}.`);
    const backups = await service.listBackups();
    const safety = backups.find((backup) => backup.protected)!;
    expect(report).toMatch(
      new RegExp(`Backup of the state before</dt>\\s*<dd>\\s*<a href="../backups/${safety.name}">`),
    );
    expect(report).toContain(`href="../backups/${safety.name}/restore">Undo…`);
  });

  test('the page of a restore says which database, which moment, its cost and its last check, and leads back to itself', async () => {
    const service = dash.service();
    await dash.serve(service);
    const { name } = await service.createBackup();
    const path = `/backups/${name}/restore`;
    const { text } = await dash.get(path);
    expect(text).toMatch(/<dt>Database<\/dt>\s*<dd>app\.db<\/dd>/);
    for (const fact of ['Goes back to', 'Free space', 'Takes about', 'Check it first']) expect(text).toContain(fact);
    const drilled = await dash.act(`/backups/${name}/verify`, { level: 'drill', back: 'restore' });
    expect(drilled.path).toContain(`${path}?m=`);
    expect(drilled.text).toContain(`${name} is in order.`);
    expect(drilled.text).toMatch(/class="tag good"\s*>restore drill/);
    fs.truncateSync(dash.temp.file(name), 4096);
    expect((await dash.get(path)).text).toContain('Something speaks against this backup');
  });

  test.each([
    ['whole', () => {}, 'A protected backup of how it is now is taken first. If it turns out to be damaged'],
    [
      'damaged',
      (file: string) => fs.writeFileSync(file, Buffer.alloc(40_000, 7)),
      'its files are moved aside, and stay',
    ],
    ['gone', (file: string) => fs.rmSync(file), 'It is missing now, so nothing of it is kept first.'],
  ] as const)('the page of a restore promises what it will do with a database that is %s', async (_, make, promise) => {
    const service = dash.service();
    await dash.serve(service);
    const { name } = await service.createBackup();
    for (const side of ['-wal', '-shm']) fs.rmSync(`${service.database}${side}`, { force: true });
    make(service.database);
    await service.status();
    const { text } = await dash.get(`/backups/${name}/restore`);
    expect(text).toContain(promise);
    const { safetyBackup } = await service.restoreBackup(name);
    expect(safetyBackup !== undefined).toBe(text.includes('A protected backup of how it is now'));
  });

  test('deleting the newest or the only good backup says so, and a protected one has no page for it', async () => {
    const service = dash.service();
    await dash.serve(service);
    const old = plant(9);
    const page = async (name: string) => dash.get(`/backups/${name}/delete`);
    expect((await page(old)).text).toContain('It is the only good backup.');
    const { name } = await service.createBackup();
    expect((await page(name)).text).toContain('It is the newest good backup.');
    expect((await page(old)).text).not.toContain('good backup');
    await service.protectBackup(name);
    const refused = await page(name);
    expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('ERR_DASHBOARD_PROTECTED')]);
    expect(refused.text).not.toContain('<form');
  });

  test.each(['restaurar', 'restore', 'the name'])(
    'the word may be of either language, or the name: %s',
    async (word) => {
      const service = dash.service();
      await dash.serve(service);
      const { name } = await service.createBackup();
      const { text } = await dash.act(`/backups/${name}/restore`, { confirm: word === 'the name' ? name : word });
      expect(text).toContain('The database is restored');
    },
  );

  test('the API restores by the name in the address; one that is typed as well must be the same', async () => {
    const service = dash.service();
    await dash.serve(service);
    const { name } = await service.createBackup();
    const wrong = await dash.postJson(`/api/backups/${name}/restore`, { confirm: 'other' });
    expect([wrong.status, wrong.json().error.code]).toEqual([400, 'ERR_DASHBOARD_CONFIRMATION']);
    const answer = await dash.post(`/api/backups/${name}/restore?wait=1`);
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ name, method: expect.any(String), sha256: expect.any(String) });
    expect(answer.text).not.toContain(dash.temp.path);
  });
});

test('the API, as documented', async () => {
  const service = dash.service();
  await dash.serve(service);
  expect((await dash.get('/api/backups')).json()).toEqual([]);
  const made = (await dash.postJson('/api/backups?wait=1', { label: 'before the upgrade' })).json();
  expect(made).toEqual({
    name: expect.stringMatching(/^app_backup_\d{8}_\d{6}\.db$/),
    createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    ageMs: expect.any(Number),
    sizeBytes: expect.any(Number),
    label: 'before the upgrade',
    sha256: expect.stringMatching(/^[\da-f]{64}$/),
    verified: 'quick',
    protected: false,
    pageCount: expect.any(Number),
    durationMs: expect.any(Number),
  });
  const one = `/api/backups/${made.name}`;
  const listed = { ...(made as object), ageMs: expect.any(Number) };
  expect((await dash.get(one)).json()).toEqual(listed);
  expect((await dash.get('/api/backups')).json()).toEqual([listed]);
  expect((await dash.postJson(`${one}/verify?wait=1`, { level: 'full' })).json()).toMatchObject({
    name: made.name,
    level: 'full',
    ok: true,
    problems: [],
  });
  expect((await dash.get(one)).json().lastVerification).toMatchObject({ level: 'full', ok: true });
  expect((await dash.post(`${one}/protect`)).json()).toEqual({ name: made.name, protected: true });
  expect((await dash.postJson(`${one}/protect`, { protected: 'perhaps' })).status).toBe(400);
  const refused = await dash.send({ method: 'DELETE', path: one });
  expect([refused.status, refused.json().error.code]).toEqual([409, 'ERR_BACKUP_PROTECTED']);
  expect((await dash.postJson(`${one}/protect`, { protected: false })).json()).toEqual({
    name: made.name,
    protected: false,
  });
  expect((await dash.get('/api/status')).json()).toMatchObject({
    level: 'warning',
    kind: 'never-drilled',
    sentence: 'Safe here, 2 things to do: No restore was ever tried',
    due: { due: false, reason: 'fresh', ageMs: expect.any(Number), dueAt: expect.any(String) },
    latest: { name: made.name },
    backupCount: 1,
    backupBytes: made.sizeBytes,
    freeBytes: expect.any(Number),
    database: { sizeBytes: expect.any(Number), journalMode: 'wal' },
    lastVerification: { name: made.name, level: 'full', ok: true },
    rights: { view: true, create: true, download: true, delete: true, restore: true, browse: true, recover: true },
  });
  expect(await dash.send({ method: 'DELETE', path: one })).toMatchObject({ status: 204, text: '' });
  expect((await dash.get(one)).status).toBe(404);
});

test('a wrong option is an error that names it', () => {
  const { createDashboard } = jest.requireActual('sqlite-autobackup/dashboard');
  const service = dash.service();
  const authorize = () => false;
  for (const [options, name] of [
    [{ basePath: 'backups' }, 'basePath'],
    [{ basePath: '/a?b' }, 'basePath'],
    [{ locale: 'fr' }, 'locale'],
    [{ hosts: ['https://shop.example.com'] }, 'hosts'],
    [{ hosts: 'shop.example.com' }, 'hosts'],
    [{ titel: 'x' }, 'titel'],
    [{ loginUrl: 'login' }, 'loginUrl'],
    [{ loginUrl: '//evil.example' }, 'loginUrl'],
    [{ loginUrl: 'javascript:alert(1)' }, 'loginUrl'],
    [{ logger: {} }, 'logger'],
  ] as const) {
    expect(() => createDashboard(service, { authorize, ...options })).toThrow(`"${name}"`);
  }
});

describe('copies off the machine', () => {
  test('are not mentioned where there are no stores', async () => {
    const service = dash.service();
    await dash.serve(service);
    await service.createBackup();
    expect((await dash.get('/')).text).not.toMatch(/off-?site|Copies off/i);
    expect((await dash.get('/api/status')).json()).toMatchObject({ copies: [] });
  });

  test('are shown for each store and each backup, with what is waiting and why, in both languages, without paths', async () => {
    const [good, missing] = [dash.temp.file('nas'), dash.temp.file('unplugged')];
    fs.mkdirSync(good);
    const service = dash.service({ copies: [directoryStore(good), directoryStore(missing)] });
    await dash.serve(service);
    const { name } = await service.createBackup();
    await service.shipPending();

    const page = await dash.get('/');
    expect(page.text).toContain('<span class="tag warning">still to be sent</span>');
    expect(page.text).toMatch(
      new RegExp(
        String.raw`<strong>nas</strong>: 1 copy, [\d.]+ kB, of the backup from <time [^>]* data-age>${JUST_NOW}</time>`,
      ),
    );
    expect(page.text).toMatch(/<strong>unplugged<\/strong>: nothing there yet\. 1 still to be sent/);
    expect(page.text).toMatch(
      /class="tag bad"\s*>the folder or bucket is not there; next try <time [^>]* data-age>(in \d|just now)/,
    );
    expect((await dash.get('/', { 'accept-language': 'es' })).text).toContain('la carpeta o el depósito no existe');

    const detail = await dash.get(`/backups/${name}`);
    expect(detail.text).toMatch(new RegExp(`nas: there\\s*<small><time [^>]* data-age>${JUST_NOW}</time>`));
    expect(detail.text).toContain('unplugged: still to be sent');

    const status = await dash.get('/api/status');
    expect(status.json<{ copies: unknown }>().copies).toEqual([
      { store: 'nas', copyCount: 1, copyBytes: expect.any(Number), latest: name, pending: [], pendingCount: 0 },
      expect.objectContaining({
        store: 'unplugged',
        pendingCount: 1,
        lastError: expect.objectContaining({ code: 'ERR_BACKUP_STORE_MISSING' }),
      }),
    ]);
    const backup = await dash.get(`/api/backups/${name}`);
    expect(backup.json()).toMatchObject({
      copies: [
        { store: 'nas', state: 'copied' },
        { store: 'unplugged', state: 'pending' },
      ],
    });
    for (const { text } of [page, detail, status, backup]) expect(text).not.toContain(dash.temp.path);
  });
});
