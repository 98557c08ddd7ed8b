import { createDashboard } from 'sqlite-autobackup/dashboard';
import type { DashboardRights } from 'sqlite-autobackup/dashboard';
import { thrownBy } from '../support/errors';
import { until } from '../support/processes';
import { ALL, routes, useDashboard } from './support';

const dash = useDashboard();

const OTHER = [
  { method: 'GET', path: '/nothing/here' },
  { method: 'PUT', path: '/api/backups' },
  { method: 'PATCH', path: '/' },
  { method: 'OPTIONS', path: '/api/backups' },
  { method: 'DELETE', path: '/' },
];

test.each([
  ['none', {}],
  ['no options at all', undefined],
  ['a value that is no function', { authorize: true }],
])('without authorize (%s) there is no dashboard', (_, options) => {
  const error = thrownBy(() => createDashboard(dash.service(), options as never));
  expect(error).toMatchObject({ code: 'ERR_BACKUP_OPTIONS', message: expect.stringContaining('"authorize"') });
});

test.each<[string, () => unknown]>([
  ['false', () => false],
  ['nothing', () => undefined],
  ['null', () => null],
  ['true, which names no right', () => true],
  ['a text', () => 'admin'],
  ['an object without rights', () => ({})],
  [
    'rights that are not true but truthy',
    () => ({ view: 1, create: 'yes', download: {}, delete: [], restore: 'true' }),
  ],
  ['rights that are false', () => ({ view: false, restore: false })],
  ['a promise of false', async () => false],
])('authorize returns %s: every route and method answers 403, and nothing happens', async (_, authorize) => {
  const service = dash.service();
  const { name } = await service.createBackup();
  const before = dash.temp.list();
  await dash.serve(service, { authorize: authorize as never });
  for (const route of [...routes(name).filter(({ right }) => right !== 'any'), ...OTHER]) {
    const { status, text } = await dash.send({ ...route, headers: { 'content-type': 'application/json' } });
    expect({ ...route, status }).toEqual({ ...route, status: 403 });
    expect(text).not.toContain(name);
    expect(text).not.toContain('<table');
  }
  expect(dash.temp.list()).toEqual(before);
});

test('style, script and icons need no rights, since the page that says "no" has them too; nothing else is below them', async () => {
  await dash.serve(dash.service(), { authorize: () => false });
  for (const asset of ['style.css', 'script.js', 'good.svg']) {
    expect((await dash.get(`/assets/${asset}`)).status).toBe(200);
    expect((await dash.post(`/assets/${asset}`)).status).toBe(403);
    expect((await dash.get(`/assets/${asset}`, { host: 'evil.example' })).status).toBe(403);
  }
  expect((await dash.get('/assets/')).status).toBe(403);
});

test.each<[string, () => unknown]>([
  [
    'throws',
    () => {
      throw new Error('the session store at /secret/path is gone');
    },
  ],
  ['rejects', () => Promise.reject(new Error('the session store at /secret/path is gone'))],
])('authorize %s: 403 without details, and the log has them', async (_, authorize) => {
  await dash.serve(dash.service(), { authorize: authorize as never });
  for (const path of ['/', '/api/status']) {
    const { status, text } = await dash.get(path);
    expect(status).toBe(403);
    expect(text).toContain('ERR_DASHBOARD_FORBIDDEN');
    expect(text).not.toContain('secret');
  }
  expect(dash.logger.lines.join('\n')).toContain('the session store at /secret/path is gone');
});

const RIGHTS = Object.keys(ALL) as (keyof DashboardRights)[];

/** A dashboard with a backup and a verification that has ended; then it is served with these rights. */
async function withRights(rights: DashboardRights) {
  const service = dash.service();
  const { name } = await service.createBackup();
  let held: DashboardRights = ALL;
  await dash.serve(service, { authorize: () => held });
  const { id } = (await dash.post(`/api/backups/${name}/verify`)).json();
  await until(async () => (await dash.get(`/api/jobs/${id}`)).json().state === 'done');
  held = rights;
  return { service, name, all: routes(name, id) };
}

test.each(RIGHTS)('without the right "%s" alone, exactly its routes answer 403', async (missing) => {
  const { all } = await withRights({ ...ALL, [missing]: false });
  const denied = all.filter(({ right, or }) => right === missing && or === undefined);
  expect(denied.length).toBeGreaterThan(1);
  for (const route of denied) {
    expect({ ...route, status: (await dash.send(route)).status }).toEqual({ ...route, status: 403 });
  }
  // The job is a verification, which has no rows.
  const reading = all.filter(
    ({ right, or, method, path }) => (right !== missing || or) && method === 'GET' && !/(events|rows\.csv)$/.test(path),
  );
  for (const route of reading) {
    expect({ ...route, status: (await dash.send(route)).status }).toEqual({ ...route, status: 200 });
  }
});

test.each(RIGHTS)('with the right "%s" alone, no other route does anything', async (only) => {
  const { service, name, all } = await withRights({ [only]: true });
  for (const route of all.filter(({ right, or }) => right !== only && or !== only && right !== 'any')) {
    expect({ ...route, status: (await dash.send(route)).status }).toEqual({ ...route, status: 403 });
  }
  expect((await service.listBackups()).map((backup) => backup.name)).toEqual([name]);
});

test('a page shows no button for what its reader may not do, and speaks of none', async () => {
  const service = dash.service();
  let { name } = await service.createBackup();
  await dash.serve(service, { authorize: () => ({ view: true }) });
  await service.deleteBackup(name);
  const empty = await dash.get('/');
  expect(empty.text).toContain('Ask whoever looks after this computer.');
  expect(empty.text).toContain('The first one is made before the next change.');
  expect(empty.text).not.toMatch(/<form|Back up now|button\./);
  ({ name } = await service.createBackup());
  for (const path of ['/', `/backups/${name}`]) {
    const { status, text } = await dash.get(path);
    expect(status).toBe(200);
    expect(text).not.toContain('<form method="post"');
    expect(text).not.toContain('/download');
  }
});

test('authorize sees method, full address and headers, and the framework’s own request; and cannot use up the body', async () => {
  const service = dash.service();
  const seen: unknown[] = [];
  await dash.serve(service, {
    async authorize(request: Request, incoming: { url: string }) {
      seen.push(request.method, request.url, request.headers.get('authorization'), incoming.url, await request.text());
      return ALL;
    },
  });
  const sent = { method: 'POST', path: '/api/backups?wait=1', body: '{"label":"by hand"}' };
  const answer = await dash.send({
    ...sent,
    headers: { authorization: 'Bearer 1', 'content-type': 'application/json' },
  });
  expect(seen).toEqual([
    'POST',
    `http://127.0.0.1:${dash.port}/api/backups?wait=1`,
    'Bearer 1',
    '/api/backups?wait=1',
    '',
  ]);
  expect(answer.json()).toMatchObject({ label: 'by hand' });
});

test('authorize that never settles is a refusal, and the log says so', async () => {
  await dash.serve(dash.service(), { authorize: () => new Promise(() => {}) });
  const { status, text } = await dash.get('/api/status');
  expect(status).toBe(403);
  expect(text).toContain('ERR_DASHBOARD_FORBIDDEN');
  expect(dash.logger.lines.join('\n')).toContain('no decision after 10 s');
});

test('whoever is let in no more is told so, and led to the login and back', async () => {
  const service = dash.service();
  await dash.serve(service, { authorize: () => false, loginUrl: '/login?next={url}' });
  const page = await dash.get('/backups/x?sort=size&order=asc');
  expect(page.status).toBe(403);
  expect(page.text).toContain('You are logged out');
  expect(page.text).toContain('href="/login?next=%2Fbackups%2Fx%3Fsort%3Dsize%26order%3Dasc"');
  expect((await dash.post('/backups')).text).toContain('href="/login?next="');
  expect((await dash.get('/api/status')).json().error.code).toBe('ERR_DASHBOARD_FORBIDDEN');
});

test('somebody with other rights is not logged out', async () => {
  await dash.serve(dash.service(), { authorize: () => ({ create: true }), loginUrl: '/login' });
  const { status, text } = await dash.get('/');
  expect(status).toBe(403);
  expect(text).not.toContain('logged out');
});

test('the overview of several services shows each only to those who may see it', async () => {
  const till = dash.service({ database: dash.temp.file('till.db') });
  const salaries = dash.service({ database: dash.temp.file('salaries.db') });
  const authorize = (request: Request) =>
    !new URL(request.url).pathname.startsWith('/salaries') && { view: true, create: true };
  await dash.serve({ till, salaries }, { authorize });
  for (const path of ['/', '/till/']) {
    const { status, text } = await dash.get(path);
    expect(status).toBe(200);
    expect(text).toContain('till');
    expect(text).not.toContain('salaries');
  }
  expect((await dash.get('/api/services')).json()).toEqual(['till']);
  expect((await dash.get('/salaries/')).status).toBe(403);
});

test('a page of the same host on another port is another site', async () => {
  await dash.serve(dash.service(), { hosts: ['shop.example.com'] });
  const host = 'shop.example.com';
  const post = (origin: string) =>
    dash.post('/api/backups?wait=1', '{}', { host, origin, 'content-type': 'application/json' });
  expect((await post('https://shop.example.com:8443')).status).toBe(403);
  expect((await post('http://shop.example.com:3000')).status).toBe(403);
  expect((await post('https://shop.example.com')).status).toBe(201);
});

describe('what a drill asks and what it was answered', () => {
  // A statement speaks of rows, and so does what it returned.
  const held = "SELECT count(*) >= 0 FROM entries WHERE 'Anna Private' <> ''";
  const failed = "SELECT 'Otto Secret' || missing FROM (SELECT NULL AS missing)";
  const faulty = "SELECT 'Otto Secret' FROM WHERE";
  let rights: DashboardRights;

  /** @returns the job's state, and which answers speak of rows */
  async function drill(assertions: string[]) {
    rights = ALL;
    const service = dash.service({ assertions });
    const { name } = await service.createBackup();
    await dash.serve(service, { authorize: () => rights });
    const job: string = (await dash.postJson(`/api/backups/${name}/verify`, { level: 'drill' })).json().id;
    const state = () => dash.get(`/api/jobs/${job}`).then((answer) => answer.json().state as string);
    await until(async () => (await state()) !== 'running');
    const ended = await state();
    const reads = [
      ...routes(name, job).filter(
        ({ method, path, right }) => method === 'GET' && right === 'view' && path !== '/api/events',
      ),
      { method: 'GET', path: '/api/health' },
    ].map(({ method, path }) => ({ method, path }));
    const said = async (): Promise<string[]> => {
      const answers = await Promise.all(reads.map((route) => dash.send(route)));
      return answers.flatMap(({ text, headers }, i) =>
        /Anna|Otto|entries WHERE|FROM \(/.test(text + JSON.stringify(headers)) ? [reads[i]!.path] : [],
      );
    };
    return { name, job, state: ended, said };
  }

  test('goes to whoever may download, and on no page and in no answer to others', async () => {
    const { name, job, state, said } = await drill([held, failed]);
    expect(state).toBe('done');
    const speaking = [`/backups/${name}`, `/api/backups/${name}`, `/api/jobs/${job}`, `/api/jobs`];
    expect(await said()).toEqual(expect.arrayContaining(speaking));
    rights = { ...ALL, download: false };
    expect(await said()).toEqual([]);
    const { lastVerification } = (await dash.get(`/api/backups/${name}`)).json();
    expect(lastVerification.assertions).toEqual([{ ok: true }, { ok: false }]);
    expect((await dash.get(`/backups/${name}`)).text).toContain('an assertion failed');
    rights = { view: true };
    expect(await said()).toEqual([]);
  });

  test('is not told either where it could not be asked', async () => {
    const { state, said } = await drill([faulty]);
    expect(state).toBe('failed');
    rights = { ...ALL, download: false };
    expect(await said()).toEqual([]);
  });
});
