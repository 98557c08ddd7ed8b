import type { Context, Hono } from 'hono';
import type { Reader } from '../service/redact.js';
import { verdict } from '../service/verdict.js';
import { isBackupError } from '../util/errors.js';
import type { BackupError } from '../util/errors.js';
import { readFields } from './body.js';
import { download } from './download.js';
import { requireRight } from './middleware.js';
import { isConfirmed } from './confirm.js';
import { answerStarted } from './jobs/answers.js';
import { activityView, backupView } from '../service/json-view.js';
import { readerWith, rulesJson, statusJson } from './json.js';
import { nameOf } from './pages.js';
import type { DashboardEnv, ServiceView } from './service-view.js';
import { readActivity } from './views/activity.js';
import { viewOf } from './views/view.js';
import { eventStream } from './live.js';

/** The same for other front ends: JSON, documented in docs/dashboard.md. */
export function addApi(app: Hono<DashboardEnv>, base: string, serviceView: ServiceView): void {
  const { operations, service } = serviceView;
  const api = `${base}/api`;
  const one = `${api}/backups/:name`;
  const readerOf = (c: Context<DashboardEnv>): Reader => readerWith(c.get('rights'), service);

  app.get(`${api}/status`, requireRight('view'), async (c) =>
    c.json(statusJson(await serviceView.status(), serviceView, c.get('rights'), c.get('texts'), Date.now())),
  );
  app.get(`${api}/health`, requireRight('health'), async (c) => {
    const status = await service.status({ wait: false }).catch(asBackupError);
    const { level } = verdict(status, Date.now());
    return c.json({ status: level === 'bad' ? 'down' : 'up', level }, level === 'bad' ? 503 : 200);
  });
  app.get(`${api}/events`, requireRight('view'), (c) => eventStream(c, serviceView.watch));
  app.get(`${api}/backups`, requireRight('view'), async (c) =>
    c.json((await service.listBackups()).map((backup) => backupView(backup, readerOf(c), Date.now()))),
  );
  app.get(`${api}/activity`, requireRight('view'), async (c) =>
    c.json(
      (await readActivity(serviceView, viewOf(c, serviceView))).map((activity) => activityView(activity, readerOf(c))),
    ),
  );
  app.get(`${api}/rules`, requireRight('view'), async (c) => c.json(rulesJson(await service.rules(), c.get('texts'))));
  app.get(one, requireRight('view'), async (c) =>
    c.json(backupView(await operations.find(nameOf(c)), readerOf(c), Date.now())),
  );
  app.get(`${one}/download`, requireRight('download'), (c) => download(serviceView, c, nameOf(c)));

  app.post(`${api}/backups`, requireRight('create'), async (c) =>
    answerStarted(c, serviceView, operations.create(await readFields(c.req.raw)), 201),
  );
  app.post(`${one}/verify`, requireRight('create'), async (c) =>
    answerStarted(c, serviceView, await operations.verify(nameOf(c), await readFields(c.req.raw))),
  );
  app.post(`${one}/protect`, requireRight('delete'), async (c) => {
    const on = await operations.protect(nameOf(c), await readFields(c.req.raw));
    return c.json({ name: nameOf(c), protected: on });
  });
  app.post(`${one}/restore`, requireRight('restore'), async (c) => {
    // The address has the name already; where it is typed in as well, it must be the same.
    const { confirm = nameOf(c) } = await readFields(c.req.raw);
    return answerStarted(c, serviceView, await operations.restore(nameOf(c), isConfirmed(confirm, nameOf(c))));
  });
  app.delete(one, requireRight('delete'), async (c) => {
    await operations.delete(nameOf(c));
    return c.body(null, 204);
  });
}

/** Only that it is not known how the backups are. */
function asBackupError(error: unknown): BackupError | undefined {
  return isBackupError(error) ? error : undefined;
}
