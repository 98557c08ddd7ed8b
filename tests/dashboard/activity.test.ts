import fs from 'node:fs';
import { formatActivity } from '#dist/activity/activity.js';
import { ALL, useDashboard } from './support';

const dash = useDashboard();

test('the page and the API show who did what, without folders and messages', async () => {
  const service = dash.service();
  await dash.serve(service, { authorize: () => ({ ...ALL, name: 'anna <b>' }) });
  const { name } = await service.createBackup({ label: 'InvoicesController.remove' });
  await dash.postForm(`/backups/${name}/protect`, { on: 'true' });
  await dash.get(`/backups/${name}/download`);
  await dash.send({ path: `/backups/${name}/download`, headers: { range: 'bytes=100-199' } });
  const copy = dash.temp.file('copy.db');
  await service.restoreBackup(name, { to: copy });

  const answer = await dash.get('/api/activity');
  const activity = answer.json<{ action: string; by: { via: string; person?: string }; name: string }[]>();
  expect(activity.map(({ action }) => action)).toEqual(['restored', 'downloaded', 'protected', 'created']);
  expect(activity[1]?.by).toMatchObject({ via: 'dashboard', person: 'anna <b>' });
  expect(activity[3]?.by.via).toBe('app');
  expect(answer.text).not.toContain(dash.temp.path);

  const page = await dash.get('/activity');
  expect(page.status).toBe(200);
  expect(page.text).toContain(`Downloaded: ${name}`);
  expect(page.text).toContain('anna &lt;b&gt;');
  expect(page.text).toContain('InvoicesController.remove');
  expect(page.text).not.toContain(dash.temp.path);
  expect((await dash.get('/')).text).toContain('href="./activity"');
});

test('older activities are on the next page, and a wrong address shows the newest', async () => {
  const service = dash.service();
  await dash.serve(service);
  const lines = Array.from({ length: 101 }, (_, i) =>
    formatActivity({ at: new Date(Date.now() - 1000 + i), action: 'deleted', by: { via: 'cli' }, name: `number ${i}` }),
  );
  fs.writeFileSync(dash.temp.file('.app_backup.activity.jsonl'), lines.join(''));
  const [newest] = await service.activity({ limit: 1 });
  const first = (await dash.get('/activity')).text;
  expect(first).toContain('number 100');
  const [, older] = /href="(\?before=[^"]+)"/.exec(first)!;
  const second = (await dash.get(`/activity${older!.replaceAll('&amp;', '&')}`)).text;
  expect(second).not.toContain('number 100');
  for (const bad of ['yesterday', '', '%00', `${newest!.at.toISOString()}'--`]) {
    expect((await dash.get(`/activity?before=${bad}`)).text).toContain('number 100');
  }
});

test('a record that cannot be read is said, with its code', async () => {
  const service = dash.service();
  await dash.serve(service);
  fs.mkdirSync(dash.temp.file('.app_backup.activity.jsonl'));
  const { status, text } = await dash.get('/activity');
  expect(status).toBe(500);
  expect(text).toContain('ERR_BACKUP_RECORD_FAILED');
  expect(text).not.toContain(dash.temp.path);
});
