import type { Hono } from 'hono';
import type { BackupService } from '../index.js';
import { readFields } from './body.js';
import { HttpError, toPublicError } from './http-error.js';
import { SEVERAL } from './jobs/job.js';
import type { SeveralAction, SeveralReport } from './jobs/job.js';
import { requireRight } from './middleware.js';
import { beginJob, lead } from './pages.js';
import { logFailure } from './service-view.js';
import type { DashboardEnv, ServiceView } from './service-view.js';
import { severalPage } from './views/several.js';
import { viewOf } from './views/view.js';
import { knownViewer } from './viewer.js';

/** As many as a page shows. */
const MAX = 50;

/** What is done with several backups at once: a page that asks once, and a job that does it one after the other. */
export function addSeveral(app: Hono<DashboardEnv>, base: string, serviceView: ServiceView): void {
  const { service, operations } = serviceView;

  app.get(`${base}/selected`, requireRight('delete'), async (c) => {
    const view = viewOf(c, serviceView);
    const action = actionOf(c.req.query('do'));
    const backups = await service.knownBackups();
    const names = new Set(c.req.queries('b'));
    const chosen = backups.filter(({ name }) => names.has(name)).slice(0, MAX);
    if (chosen.length === 0) return lead(c, serviceView, view.home, { done: 'nothingChosen' });
    return c.html(severalPage(view, serviceView, action, chosen, backups));
  });
  app.post(`${base}/selected`, requireRight('delete'), async (c) => {
    const fields = await readFields(c.req.raw);
    const action = actionOf(fields['do']);
    const names = Object.entries(fields).flatMap(([field, name]) =>
      /^b\d{1,2}$/.test(field) && typeof name === 'string' ? [name] : [],
    );
    if (names.length === 0 || names.length > MAX) throw new HttpError('ERR_DASHBOARD_BODY');
    const order = { kind: 'several', key: JSON.stringify([action, names]), owner: knownViewer(c) } as const;
    return beginJob(c, serviceView, () =>
      operations.jobs.start(order, async ({ signal }) => ({
        kind: 'several',
        report: await doSeveral(service, action, names, signal, (error) => logFailure(serviceView, error)),
      })),
    );
  });
}

function actionOf(value: unknown): SeveralAction {
  const action = SEVERAL.find((each) => each === value);
  if (!action) throw new HttpError('ERR_DASHBOARD_BODY');
  return action;
}

async function doSeveral(
  service: BackupService,
  action: SeveralAction,
  names: readonly string[],
  signal: AbortSignal | undefined,
  onFailure: (error: unknown) => void,
): Promise<SeveralReport> {
  const done: string[] = [];
  const failed: { name: string; code: string }[] = [];
  for (const name of names) {
    // What is done is done; the report of what was cancelled says how far it came.
    if (signal?.aborted) {
      failed.push({ name, code: 'ERR_BACKUP_CANCELLED' });
      continue;
    }
    try {
      if (action === 'delete') await service.deleteBackup(name);
      else await service.protectBackup(name, action === 'protect');
      done.push(name);
    } catch (error) {
      const { code } = toPublicError(error);
      // Protected meanwhile, or gone: the page has said so, or says it now.
      if (code !== 'ERR_BACKUP_PROTECTED' && code !== 'ERR_BACKUP_NOT_FOUND') onFailure(error);
      failed.push({ name, code });
    }
  }
  return { action, done, failed };
}
