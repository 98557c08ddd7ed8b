import fs from 'node:fs';
import { childProcessSnapshotter } from 'sqlite-autobackup';
import type { Snapshotter } from 'sqlite-autobackup';
import { until } from '../support/processes';
import { ALL, useDashboard } from './support';

const dash = useDashboard();

/** The built-in snapshotter, whose restores and verifications begin when the test says so. Cancelling reaches the real one. */
function held() {
  let go!: () => void;
  const gate = new Promise<void>((resolve) => (go = resolve));
  const real = childProcessSnapshotter();
  const snapshotter: Snapshotter = {
    ...real,
    restore: async (request, control) => {
      control?.onProgress?.({ step: 'block-writers', doneBytes: 0, totalBytes: 0 });
      await Promise.race([gate, new Promise((resolve) => control?.signal?.addEventListener('abort', resolve))]);
      return real.restore(request, control);
    },
    verify: async (...asked) => (await gate, real.verify(...asked)),
  };
  return { snapshotter, go };
}

async function withHeld() {
  const { snapshotter, go } = held();
  const service = dash.service({ snapshotter });
  const { name } = await service.createBackup();
  let rights: object | false = ALL;
  await dash.serve(service, { authorize: () => rights });
  const state = async (id: string) => (await dash.get(`/api/jobs/${id}`)).json().state;
  return { service, name, go, state, hold: (now: object | false) => (rights = now) };
}

test('an order is answered at once, 202 with the job and its address; the job says what came of it', async () => {
  const { name, go, state } = await withHeld();
  const answer = await dash.postJson(`/api/backups/${name}/restore`, { confirm: name });
  expect(answer.status).toBe(202);
  const { id } = answer.json();
  expect(answer.json()).toMatchObject({ id, kind: 'restore', name, state: 'running' });
  expect(new URL(answer.headers.location!, `http://x/api/backups/${name}/restore`).pathname).toBe(`/api/jobs/${id}`);
  expect(await state(id)).toBe('running');
  go();
  await until(async () => (await state(id)) === 'done');
  const { text, json } = await dash.get(`/api/jobs/${id}`);
  expect(json()).toMatchObject({
    kind: 'restore',
    result: { name, method: 'online', safetyBackup: expect.any(String) },
  });
  expect(text).not.toContain(dash.temp.path);
  expect((await dash.get('/api/jobs')).json()).toMatchObject([{ id }]);
});

test('one restore at a time: whoever comes second is led to the one that runs, and told so', async () => {
  const { service, name, go, state } = await withHeld();
  const { id } = (await dash.post(`/api/backups/${name}/restore`)).json();
  const second = await dash.post(`/api/backups/${name}/restore`);
  expect([second.status, second.json().error.code]).toEqual([409, 'ERR_DASHBOARD_BUSY']);
  expect(second.headers.location).toContain(`/api/jobs/${id}`);

  const form = await dash.postForm(`/backups/${name}/restore`, { confirm: 'restore' });
  const cookie = form.headers['set-cookie']![0]!.split(';')[0]!;
  const at = new URL(form.headers.location!, `http://x/backups/${name}/restore`);
  expect(at.pathname).toBe(`/jobs/${id}`);
  const page = await dash.get(at.pathname + at.search, { cookie });
  expect(page.text).toContain('Something else is writing to the database just now.');
  expect(page.text).toContain('The database is being restored');
  expect(page.text).toMatch(/<li class="now" aria-current="step">\s*Wait until the app has finished writing/);
  const overview = await dash.get('/');
  expect(overview.text).toContain('The database is being restored.');
  expect(overview.text).toContain(`href="./jobs/${id}"`);
  go();
  await until(async () => (await state(id)) === 'done');
  // One safety backup: one restore.
  expect((await service.listBackups()).filter((backup) => backup.protected)).toHaveLength(1);
});

test('it goes on when its reader is logged out, and whoever logs in again finds it and its report', async () => {
  const { name, go, state, hold } = await withHeld();
  const { id } = (await dash.post(`/api/backups/${name}/restore`)).json();
  hold(false);
  expect((await dash.get(`/jobs/${id}`)).status).toBe(403);
  expect((await dash.get(`/api/jobs/${id}`)).status).toBe(403);
  go();
  hold(ALL);
  await until(async () => (await state(id)) === 'done');
  expect((await dash.get('/')).text).toMatch(/The database is restored, .*\.\s*<a href="\.\/jobs\//);
  expect((await dash.get(`/jobs/${id}`)).text).toContain(`The database is restored from ${name}.`);
});

test('the rights are asked at each look, and each kind of job has its own', async () => {
  const { name, go, hold, state } = await withHeld();
  const { id } = (await dash.post(`/api/backups/${name}/restore`)).json();
  const cancel = () => dash.send({ method: 'DELETE', path: `/api/jobs/${id}` });
  for (const [rights, look, end] of [
    [{ view: true }, 200, 403],
    [{ create: true }, 403, 403],
    [{ download: true, delete: true }, 403, 403],
  ] as const) {
    hold(rights);
    expect([(await dash.get(`/jobs/${id}`)).status, (await cancel()).status]).toEqual([look, end]);
    expect((await dash.post(`/jobs/${id}/cancel`)).status).toBe(end);
  }
  hold({ view: true });
  expect((await dash.get(`/jobs/${id}`)).text).not.toContain('Cancel it');
  hold({ restore: true });
  expect((await dash.get(`/jobs/${id}`)).status).toBe(200);
  expect((await cancel()).status).toBe(202);
  hold(ALL);
  await until(async () => (await state(id)) === 'cancelled');
  expect((await dash.get(`/jobs/${id}`)).text).toContain('It was cancelled; nothing was changed');
  go();
});

test('a backup goes on while a restore waits, and a check that runs already is joined', async () => {
  const { name, go, state } = await withHeld();
  const [first, second] = [
    await dash.post(`/api/backups/${name}/verify`),
    await dash.post(`/api/backups/${name}/verify`),
  ];
  expect(second.json().id).toBe(first.json().id);
  const other = (await dash.postJson(`/api/backups/${name}/verify`, { level: 'full' })).json();
  expect(other.id).not.toBe(first.json().id);
  go();
  await until(async () => (await state(other.id)) === 'done');
  expect((await dash.get(`/api/jobs/${other.id}`)).json().result).toMatchObject({ level: 'full', ok: true });
});

test('too many at once are refused, and the rest goes on', async () => {
  const { service, name, go } = await withHeld();
  const others = [name];
  while (others.length < 3) others.push((await service.createBackup()).name);
  const asked = others.flatMap((each) => ['hash', 'quick', 'full'].map((level) => ({ each, level })));
  const statuses = [];
  for (const { each, level } of asked) {
    statuses.push((await dash.postJson(`/api/backups/${each}/verify`, { level })).status);
  }
  expect(statuses).toEqual([202, 202, 202, 202, 202, 202, 503, 503, 503]);
  go();
  await until(async () => (await dash.get('/api/jobs')).json().every((job: { state: string }) => job.state === 'done'));
});

test('a job that fails says why, without paths, and what to do', async () => {
  const { service, name, go, state } = await withHeld();
  go();
  const { path } = (await service.listBackups())[0]!;
  const { id } = (await dash.post(`/api/backups/${name}/restore`)).json();
  await until(async () => (await state(id)) !== 'running');
  expect(await state(id)).toBe('done');
  fs.truncateSync(path, 4096);
  const bad = (await dash.post(`/api/backups/${name}/restore`)).json();
  await until(async () => (await state(bad.id)) === 'failed');
  const page = await dash.get(`/jobs/${bad.id}`);
  expect(page.text).toContain('the backup is damaged');
  expect(page.text).toContain('Do not use this backup. Choose another one.');
  expect(page.text).toContain('See all backups');
  expect(page.text).not.toContain(dash.temp.path);
  expect(dash.logger.lines.join('\n')).toContain('ERR_BACKUP_DAMAGED');
});

test('a job that there is not is not there', async () => {
  await dash.serve(dash.service());
  for (const id of ['x', '__proto__', '%00', '00000000-0000-4000-8000-000000000000']) {
    expect((await dash.get(`/jobs/${id}`)).status).toBe(404);
    expect((await dash.get(`/api/jobs/${id}`)).status).toBe(404);
    expect((await dash.post(`/jobs/${id}/cancel`)).status).toBe(404);
  }
});

describe('what came of an action is said once, to whoever did it', () => {
  const FLASH = /<section class="flash[^]*?<\/section>/;

  async function protectedOnce() {
    const service = dash.service();
    const { name } = await service.createBackup();
    await dash.serve(service);
    const { headers } = await dash.postForm(`/backups/${name}/protect`, { on: 'true' });
    const cookie = headers['set-cookie']![0]!.split(';')[0]!;
    const at = new URL(headers.location!, `http://x/backups/${name}/protect`);
    const look = async (more: object = { cookie }) =>
      FLASH.exec((await dash.get(at.pathname + at.search, more as never)).text)?.[0];
    return { name, cookie, look, headers };
  }

  test('not again when the page is opened again, as by "Back"', async () => {
    const { look } = await protectedOnce();
    expect(await look()).toContain('is protected now.');
    expect(await look()).toBeUndefined();
  });

  test('still while the page that shows it renews itself, and not on another that renews itself', async () => {
    const { look, cookie } = await protectedOnce();
    const renew = (shows: string) => look({ cookie, 'x-autobackup-renew': shows });
    expect(await renew('none')).toBeUndefined();
    expect(await renew('shown')).toBeUndefined();
    expect(await look()).toContain('is protected now.');
    expect(await renew('shown')).toContain('is protected now.');
    expect(await renew('none')).toBeUndefined();
  });

  test('not to another browser, nor to one that was sent the link', async () => {
    const { look } = await protectedOnce();
    expect(await look({})).toBeUndefined();
    expect(await look({ cookie: 'autobackup_viewer=aaaaaaaaaaaaaaaaaaaaaaaa' })).toBeUndefined();
    expect(await look()).toContain('is protected now.');
  });

  test('and no address can make one up', async () => {
    const { name, cookie } = await protectedOnce();
    for (const query of [`done=restored&name=${name}`, 'done=error&code=ERR_BACKUP_NO_SPACE', 'm=1', 'm=__proto__']) {
      expect((await dash.get(`/?${query}`, { cookie })).text).not.toMatch(FLASH);
    }
  });

  test('the cookie tells nothing and gives no rights', async () => {
    const { headers } = await protectedOnce();
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^autobackup_viewer=[\w-]{24}; Path=\/; HttpOnly; SameSite=Strict$/),
    ]);
  });

  test('a backup leads back to the list once; afterwards its page has the result', async () => {
    await dash.serve(dash.service());
    const { path, text } = await dash.act('/backups');
    expect(path).toMatch(/^\/\?m=/);
    expect(text).toContain('is made and verified.');
    const { id } = (await dash.get('/api/jobs')).json()[0];
    const again = await dash.get(`/jobs/${id}`, { cookie: dash.cookie });
    expect(again.status).toBe(200);
    expect(again.text).toContain('The backup is made and verified');
  });
});
