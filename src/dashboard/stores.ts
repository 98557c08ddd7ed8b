import type { Hono } from 'hono';
import { readFields } from './body.js';
import { HttpError } from './http-error.js';
import { answerStarted } from './jobs/answers.js';
import type { Started } from './jobs/jobs.js';
import { requireRight } from './middleware.js';
import { beginJob } from './pages.js';
import type { DashboardEnv, ServiceView } from './service-view.js';
import { storesPage } from './views/stores.js';
import { viewOf } from './views/view.js';
import { knownViewer } from './viewer.js';

/** What the stores have, and a copy that comes back from one. Both ask a store, which may take its time: they are jobs. */
export function addStores(app: Hono<DashboardEnv>, base: string, serviceView: ServiceView): void {
  const { service, operations } = serviceView;

  /** Stores are named by their number: their own names may be those of folders. */
  const storeOf = (value: unknown): { index: number; from: string } => {
    const index =
      typeof value === 'number' ? value : typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : -1;
    const from = service.copies[index]?.name;
    if (from === undefined) throw new HttpError('ERR_DASHBOARD_NOT_FOUND');
    return { index, from };
  };
  const list = (fields: Readonly<Record<string, unknown>>, owner?: string): Started => {
    const { index, from } = storeOf(fields['store']);
    return operations.jobs.start({ kind: 'copies', key: String(index), owner }, async ({ signal }) => ({
      kind: 'copies',
      store: index,
      copies: await service.listCopies({ from, ...(signal && { signal }) }),
    }));
  };
  const pull = (fields: Readonly<Record<string, unknown>>, owner?: string): Started => {
    const { index, from } = storeOf(fields['store']);
    const { name } = fields;
    if (typeof name !== 'string' || name.length > 255) throw new HttpError('ERR_DASHBOARD_BODY');
    return operations.jobs.start({ kind: 'pull', key: `${index} ${name}`, owner }, async ({ signal, onProgress }) => ({
      kind: 'pull',
      report: await service.pullBackup(name, {
        from,
        ...(signal && { signal }),
        onProgress: (progress) => onProgress?.({ step: 'pull', ...progress }),
      }),
    }));
  };

  app.get(`${base}/copies`, requireRight('create'), (c) => c.html(storesPage(viewOf(c, serviceView), serviceView)));
  app.post(`${base}/copies`, requireRight('create'), async (c) => {
    const fields = await readFields(c.req.raw);
    return beginJob(c, serviceView, () => list(fields, knownViewer(c)));
  });
  app.post(`${base}/copies/pull`, requireRight('create'), async (c) => {
    const fields = await readFields(c.req.raw);
    return beginJob(c, serviceView, () => pull(fields, knownViewer(c)));
  });
  app.post(`${base}/api/copies`, requireRight('create'), async (c) =>
    answerStarted(c, serviceView, list(await readFields(c.req.raw))),
  );
  app.post(`${base}/api/copies/pull`, requireRight('create'), async (c) =>
    answerStarted(c, serviceView, pull(await readFields(c.req.raw)), 201),
  );
}
