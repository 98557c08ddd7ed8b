import fs from 'node:fs';
import Database from 'better-sqlite3';
import { directoryStore } from 'sqlite-autobackup';
import { DAY, localTime, writeBackup } from '../support/planted-backups';
import { ALL, useDashboard } from './support';

const dash = useDashboard();

const plant = (daysAgo: number, manifest: object | boolean = true) =>
  writeBackup(dash.temp.path, new Date(Date.now() - daysAgo * DAY), { manifest });
const listed = async (query: string) =>
  [...(await dash.get(`/${query}`)).text.matchAll(/<th scope="row">\s*<a [^>]*title="([^"]*)"/g)].map(
    ([, name]) => name,
  );

test('a note at "Back up now" is the reason of the backup; without one it is the button', async () => {
  const service = dash.service();
  await dash.serve(service);
  await dash.act('/backups', { label: ' before the <price> update ' });
  await dash.act('/backups', { label: '' });
  const labels = (await service.listBackups()).map(({ label }) => label);
  expect(labels.toSorted()).toEqual(['before the <price> update', 'dashboard']);
  expect((await dash.get('/')).text).toContain('<bdi>before the &lt;price&gt; update</bdi>');
  expect((await dash.postForm('/backups', { label: 'x'.repeat(201) })).status).toBe(400);
});

test('backups stand under their days, with seconds where two have the same minute, and the change of size', async () => {
  await dash.serve(dash.service({ retention: { last: Infinity } }));
  const write = (at: string, sizeBytes: number) =>
    writeBackup(dash.temp.path, localTime(at), { sizeBytes, manifest: true });
  write('2026-03-10 09:30:00', 10_240);
  write('2026-03-10 09:30:07', 12_288);
  write('2026-03-09 18:00:00', 11_264);
  const { text } = await dash.get('/', { 'accept-language': 'en' });
  const days = [...text.matchAll(/<th scope="rowgroup"[^>]*>([^<]*)/g)].map(([, day]) => day);
  expect(days).toEqual(['Tuesday, March 10, 2026', 'Monday, March 9, 2026']);
  const times = [...text.matchAll(/<th scope="row">[^]*?<time[^>]*>([^<]*)/g)].map(([, time]) => time);
  expect(times).toEqual(
    ['9:30:07 AM', '9:30:00 AM', '6:00 PM'].map((time) => time.replace(' ', time.includes(' ') ? ' ' : '')),
  );
  expect(text).toMatch(/12 kB <small>\+2 kB<\/small>/);
  expect(text).toMatch(/10 kB <small>−1 kB<\/small>/);
});

test('tags are for what is out of the ordinary only', async () => {
  await dash.serve(dash.service({ retention: { last: Infinity } }));
  plant(1);
  expect((await dash.get('/')).text).not.toContain('class="tags"');
  plant(2, { protected: true });
  plant(3, { lastVerification: { level: 'quick', ok: false, at: new Date().toISOString() } });
  const { text } = await dash.get('/');
  expect(text.match(/class="tags"/g)).toHaveLength(2);
  expect(text).toContain('<span class="tag good">protected</span>');
  expect(text).toContain('<span class="tag bad">Check failed</span>');
});

test('the search and the chips are in the address, and leave what they do not mean', async () => {
  await dash.serve(dash.service({ labels: { 'Invoices.remove': 'antes de borrar una factura' } }));
  const [note, method, kept] = [
    plant(1, { label: 'before the price update' }),
    plant(2, { label: 'Invoices.remove' }),
    plant(3, { label: 'Stock.edit', protected: true }),
  ];
  expect(await listed('?q=PRICE+before')).toEqual([note]);
  expect(await listed('?q=factura')).toEqual([method]);
  expect(await listed('?show=change')).toEqual([method, kept]);
  expect(await listed('?show=change&q=stock')).toEqual([kept]);
  expect(await listed('?show=protected')).toEqual([kept]);
  expect(await listed('?q=nothing+like+that')).toEqual([]);
  const { text } = await dash.get('/?show=change&q=stock');
  expect(text).toMatch(/href="\.\/\?q=stock#backups"[^>]*>All <span>3</);
  expect(text).toMatch(/aria-current="true"\s*>Before a change <span>2</);
  expect(text).toContain('value="stock"');
  expect((await dash.get('/?q="><b>')).text).not.toContain('<b>');
});

describe('several at once', () => {
  test('are deleted after one question, which names them; protected ones stay', async () => {
    const service = dash.service();
    await dash.serve(service);
    const [newest, kept, old] = [plant(1), plant(2, { protected: true }), plant(3)];
    const page = await dash.get(`/selected?do=delete&b=${newest}&b=${kept}&b=nothing.db`);
    expect(page.text).toContain('Delete these backups?');
    expect(page.text).toContain('The newest good backup is among them.');
    expect(page.text.match(/name="b\d+" value="([^"]*)"/g)).toEqual([`name="b0" value="${newest}"`]);
    expect(page.text).toContain('Passed over: it is protected.');
    expect(await service.listBackups()).toHaveLength(3);

    const done = await dash.act('/selected', { do: 'delete', b0: newest, b1: kept });
    expect(done.text).toContain('Done: 1. Not done: 1 (the backup is protected).');
    expect((await service.listBackups()).map(({ name }) => name)).toEqual([kept, old]);
  });

  test('say so when nothing good would be left', async () => {
    await dash.serve(dash.service());
    const [a, b] = [plant(1), plant(2)];
    expect((await dash.get(`/selected?do=delete&b=${a}&b=${b}`)).text).toContain(
      'The only good backups are among them.',
    );
    expect((await dash.get(`/selected?do=delete&b=${b}`)).text).not.toContain('among them');
  });

  test('are protected, and the protection is taken off again', async () => {
    const service = dash.service();
    await dash.serve(service);
    const names = [await service.createBackup({ label: 'a' }), await service.createBackup({ label: 'b' })].map(
      ({ name }) => name,
    );
    const fields = { b0: names[0]!, b1: names[1]! };
    expect((await dash.act('/selected', { do: 'protect', ...fields })).text).toContain('Protected now: 2.');
    expect((await service.listBackups()).map((backup) => backup.protected)).toEqual([true, true]);
    expect((await dash.act('/selected', { do: 'unprotect', ...fields })).text).toContain('No longer protected: 2.');
    expect((await service.listBackups()).map((backup) => backup.protected)).toEqual([false, false]);
  });

  test.each([{ do: 'restore', b0: 'x' }, { do: 'delete' }, { b0: 'x' }])('nonsense is refused: %j', async (fields) => {
    await dash.serve(dash.service());
    expect((await dash.postForm('/selected', fields as Record<string, string>)).status).toBe(400);
  });

  test('nothing chosen is said', async () => {
    await dash.serve(dash.service());
    const { status, headers } = await dash.get('/selected?do=delete');
    expect(status).toBe(303);
    const cookie = headers['set-cookie']![0]!.split(';')[0]!;
    expect((await dash.get(`/${headers.location!.replace('./', '')}`, { cookie })).text).toContain(
      'Nothing is chosen.',
    );
  });
});

test('"go back to" a day: the last backup until its end, and the first one after it', async () => {
  await dash.serve(dash.service({ retention: { last: Infinity } }));
  const write = (at: string) => writeBackup(dash.temp.path, localTime(at), { manifest: true });
  const [first, second, third] = [
    write('2026-03-10 09:30:00'),
    write('2026-03-10 18:00:00'),
    write('2026-03-12 10:00:00'),
  ];
  const restores = async (query: string, headers = {}) =>
    [...(await dash.get(`/go-back${query}`, headers)).text.matchAll(/href="\.\/backups\/([^"/]*)\/restore"/g)].map(
      ([, name]) => name,
    );
  expect(await restores('?at=2026-03-10')).toEqual([second, third]);
  expect(await restores('?at=2026-03-10T12:00')).toEqual([first, second]);
  expect(await restores('?at=2026-03-20')).toEqual([third]);
  expect(await restores('?at=2026-03-01')).toEqual([first]);
  expect((await dash.get('/go-back?at=2026-03-01')).text).toContain(
    'There is no good backup from Mar 1, 2026 or before.',
  );
  expect(await restores('')).toEqual([third, second, first]);
  expect((await dash.get('/go-back?at=<b>')).text).not.toContain('<b>');
});

test('the rules: what they are, the methods that have asked, why each backup stays, and which one goes next', async () => {
  const service = dash.service({
    ...{ interval: '7d', verifyEvery: '14d', onFailure: 'abort', retention: { last: 2, weekly: 1 } },
    labels: { 'Invoices.remove': 'before an invoice was deleted' },
  });
  await dash.serve(service);
  const [newest, next] = [plant(8), plant(30)];
  const kept = plant(60, { protected: true });
  await service.backupIfDue({ label: 'Invoices.remove' });
  const made = (await service.listBackups())[0]!.name;
  const { text } = await dash.get('/rules');
  expect(text).toMatch(/is older than<\/dt>\s*<dd>7 days/);
  expect(text).toContain('every 14 days');
  expect(text).toContain('the change is refused');
  expect(text).toContain('the last 2 · one a week, of the last week that has any');
  expect(text).toContain('<bdi>before an invoice was deleted</bdi> <small>Invoices.remove</small>');
  const why = (name: string) => new RegExp(`backups/${name}">[^<]*</a>\\s*<span>([^<]*)`).exec(text)?.[1];
  expect(why(made)).toMatch(/^number 1 of the last 2; the last of the week \d{4}-W\d\d; the newest/);
  expect(why(newest)).toContain('number 2 of the last 2');
  expect(why(kept)).toBe('protected');
  // Retention has removed it, after the backup that was due.
  expect(text).not.toContain(next);
  const { goNext, kept: all } = (await dash.get('/api/rules')).json();
  expect(goNext).toEqual([newest]);
  expect(all.map(({ name }: { name: string }) => name)).toEqual([made, newest, kept]);

  const page = await dash.get('/');
  expect(page.text).toMatch(/The next backup removes [^<]+\./);
  expect(await listed('?show=next')).toEqual([newest]);
  expect((await dash.get(`/backups/${newest}`)).text).toContain('removed next');
  // And so it does, when the database holds something new.
  const database = new Database(service.database);
  database.exec('CREATE TABLE more (id)');
  database.close();
  await service.createBackup();
  expect((await service.listBackups()).map(({ name }) => name)).not.toContain(newest);
});

test('the picture shows what is there now: protection, what goes next, another language', async () => {
  const service = dash.service({ retention: { last: 2 } });
  await dash.serve(service);
  const [newer, older] = [plant(1), plant(2)];
  const said = async (name: string, headers = {}) =>
    new RegExp(`<li><a href="[^"]*backups/${name}">([^<]*)`).exec((await dash.get('/', headers)).text)?.[1];
  const going = await said(older);
  expect(going).toMatch(/ · removed next$/);
  expect(await said(older)).toBe(going);
  expect(await said(older, { 'accept-language': 'es' })).toMatch(/ · será la próxima en quitarse$/);
  expect(await said(older)).toBe(going);
  await service.protectBackup(older);
  expect(await said(older)).toMatch(/ · protected$/);
  expect(await said(newer)).not.toMatch(/removed|protected/);
});

test('a policy of the app that is code is asked for each page: it may go by anything', async () => {
  const answer = { keepAll: true };
  await dash.serve(
    dash.service({
      retention: (backups) => {
        const kept = answer.keepAll ? backups : backups.slice(0, 1);
        return {
          keep: kept.map((backup) => ({ backup, reasons: ['as said'] })),
          remove: backups.filter((backup) => !kept.includes(backup)),
        };
      },
    }),
  );
  const [, older] = [plant(1), plant(2)];
  expect(await listed('?show=next')).toEqual([]);
  answer.keepAll = false;
  expect(await listed('?show=next')).toContain(older);
});

test('the look at the database behind a page reads no manifest', async () => {
  const service = dash.service();
  const asked = jest.spyOn(service, 'status');
  await dash.serve(service);
  plant(1);
  expect((await dash.looked()).status).toBe(200);
  expect(asked).not.toHaveBeenCalled();
});

test('a policy of the app that throws is told, without its words, and the page stays', async () => {
  const retention = () => {
    throw new Error('at /secret/path');
  };
  await dash.serve(dash.service({ retention }));
  plant(1);
  const { status, text } = await dash.get('/rules');
  expect(status).toBe(200);
  expect(text).toContain('The policy of the app failed');
  expect(text).not.toContain('secret');
  expect((await dash.get('/')).status).toBe(200);
});

describe('copies elsewhere', () => {
  test('are listed, and one is fetched, checked and protected', async () => {
    const store = dash.temp.file('nas');
    fs.mkdirSync(store);
    const service = dash.service({ copies: [directoryStore(store)] });
    await dash.serve(service);
    const { name } = await service.createBackup({ label: 'before the flood' });
    await service.shipPending();
    expect((await dash.get('/copies')).text).toContain('<strong>nas</strong>');
    expect((await dash.act('/copies', { store: '0' })).text).toContain('is here');
    await service.deleteBackup(name);

    const there = await dash.act('/copies', { store: '0' });
    expect(there.text).toContain('before the flood');
    expect(there.text).not.toContain(dash.temp.path);
    const fetched = await dash.act('/copies/pull', { store: '0', name });
    expect(fetched.text).toContain(`${name} is here again, checked and protected.`);
    expect(fetched.path).toContain(`/backups/${name}?m=`);
    const [backup] = await service.listBackups();
    expect(backup).toMatchObject({ name, protected: true, label: 'before the flood' });
    expect((await dash.act('/copies/pull', { store: '0', name })).text).toMatch(/did not work|not fetched/i);
  });

  test('in the API: what a store has, and a copy that comes back', async () => {
    const store = dash.temp.file('nas');
    fs.mkdirSync(store);
    const service = dash.service({ copies: [directoryStore(store)] });
    await dash.serve(service);
    const { name, sha256 } = await service.createBackup();
    await service.shipPending();
    await service.deleteBackup(name);
    const copies = await dash.postJson('/api/copies?wait=1', { store: 0 });
    expect(copies.json()).toMatchObject([{ name, store: 'nas', encrypted: false, sha256 }]);
    const pulled = await dash.postJson('/api/copies/pull?wait=1', { store: 0, name });
    expect(pulled.json()).toMatchObject({ name, sha256, store: 'nas' });
    expect(pulled.status).toBe(201);
    expect((await dash.postJson('/api/copies', { store: 7 })).status).toBe(404);
    expect((await dash.postJson('/api/copies/pull', { store: 0, name: 7 })).status).toBe(400);
  });

  test('a damaged copy is not fetched, and that is said', async () => {
    const store = dash.temp.file('nas');
    fs.mkdirSync(store);
    const service = dash.service({ copies: [directoryStore(store, { host: false })] });
    await dash.serve(service);
    const { name } = await service.createBackup();
    await service.shipPending();
    await service.deleteBackup(name);
    const file = fs
      .readdirSync(store, { recursive: true })
      .map(String)
      .find((each) => each.endsWith(name))!;
    const bytes = fs.readFileSync(`${store}/${file}`);
    bytes[5_000]! ^= 1;
    fs.writeFileSync(`${store}/${file}`, bytes);
    expect((await dash.act('/copies/pull', { store: '0', name })).text).toContain('the copy was not right');
    expect(await service.listBackups()).toEqual([]);
  });
});

test('without the right "delete" nothing can be ticked, and without "create" nothing is fetched', async () => {
  await dash.serve(dash.service(), { authorize: () => ({ ...ALL, delete: false, create: false }) });
  plant(1);
  const { text } = await dash.get('/');
  expect(text).not.toMatch(/type="checkbox"|action="\.\/selected"|href="\.\/copies/);
  expect(text).toContain('1 moment since');
});
