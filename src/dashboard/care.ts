import type { Hono } from 'hono';
import { readFields } from './body.js';
import { HttpError } from './http-error.js';
import { requireRight } from './middleware.js';
import { logFailure } from './service-view.js';
import type { DashboardEnv, ServiceView } from './service-view.js';
import { viewOf } from './views/view.js';

/** The remedies of the verdict that are not about one backup: what waits for a store is sent, and "only here" is accepted. */
export function addCare(app: Hono<DashboardEnv>, base: string, serviceView: ServiceView): void {
  const { service } = serviceView;
  // Not waited for: a store may take minutes, and the page shows by its stream what has come of it.
  const ship = (): void =>
    void service.shipPending().then(
      () => serviceView.watch.changed(),
      (error: unknown) => logFailure(serviceView, error),
    );
  const accept = async (on: unknown): Promise<void> => {
    if (typeof on !== 'boolean') throw new HttpError('ERR_DASHBOARD_BODY');
    await service.acceptOnlyHere(on);
    serviceView.watch.changed();
  };

  app.post(`${base}/ship`, requireRight('create'), async (c) => {
    await readFields(c.req.raw);
    ship();
    return c.redirect(viewOf(c, serviceView).home, 303);
  });
  app.post(`${base}/only-here`, requireRight('delete'), async (c) => {
    await readFields(c.req.raw);
    await accept(true);
    return c.redirect(viewOf(c, serviceView).home, 303);
  });
  app.post(`${base}/api/ship`, requireRight('create'), async (c) => {
    await readFields(c.req.raw);
    ship();
    return c.body(null, 202);
  });
  app.post(`${base}/api/only-here`, requireRight('delete'), async (c) => {
    const { accepted = true } = await readFields(c.req.raw);
    await accept(accepted);
    return c.json({ accepted });
  });
}
