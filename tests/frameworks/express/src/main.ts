import type { AddressInfo } from 'node:net';
import express from 'express';
import type { NextFunction, Request, Response } from 'express';
import { configureAutoBackup, withAutoBackup } from 'sqlite-autobackup';
import * as app from '../../support/app.js';

configureAutoBackup(app.backupOptions);

type Handler = (request: Request, response: Response) => Promise<void>;

/** Express has no errors of its own; its error handler takes the status from `status`. */
const httpError = (status: number, message: string) => Object.assign(new Error(message), { status });

function loggedIn(request: Request, _response: Response, next: NextFunction): void {
  next(request.get('x-user') ? undefined : httpError(401, 'Log in first.'));
}

function admin(request: Request, _response: Response, next: NextFunction): void {
  next(request.get('x-role') === 'admin' ? undefined : httpError(403, 'For administrators.'));
}

function validInvoice(request: Request, _response: Response, next: NextFunction): void {
  const { customer, total } = (request.body ?? {}) as { customer?: unknown; total?: unknown };
  const valid = typeof customer === 'string' && customer !== '' && typeof total === 'number' && total >= 0;
  next(valid ? undefined : httpError(400, 'An invoice has a customer and a total.'));
}

function middleware(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('x-middleware', 'ran');
  next();
}

/** What many apps wrap their handlers in, though Express 5 no longer needs it. */
const passErrorsOn = (handler: Handler) => (request: Request, response: Response, next: NextFunction) => {
  handler(request, response).catch(next);
};

/**
 * The same routes, where the handler itself is protected (above), where it is and is wrapped once more (between), where
 * only the function is that it calls (below), or nothing (none).
 */
function invoices(edition: string) {
  const protect = <F extends (...args: any[]) => Promise<unknown>>(fn: F): F => withAutoBackup(fn);
  const called = edition === 'below' ? protect : <F>(fn: F) => fn;
  const handler = (fn: Handler) =>
    edition === 'above' ? protect(fn) : edition === 'between' ? passErrorsOn(protect(fn)) : fn;

  const create = called(async function create(invoice: { customer: string; total: number }, user: string) {
    return app.createInvoice(invoice, user);
  });
  const remove = called(async function remove(id: string) {
    if (!app.removeInvoice(id)) throw httpError(404, `There is no invoice ${id}.`);
  });
  const report = called(async function report() {
    return app.reportStream();
  });
  const moved = called(async function moved() {
    app.called('moved');
    return '/somewhere';
  });
  const broken = called(async function broken() {
    app.called('broken');
    throw httpError(409, 'The invoice was paid already.');
  });
  const crash = called(async function crash() {
    app.called('crash');
    throw new Error('a bug');
  });

  const router = express.Router();
  router.get('/invoices', (_request, response) => void response.json(app.countInvoices()));
  router.post(
    '/invoices',
    loggedIn,
    express.json(),
    validInvoice,
    middleware,
    handler(async function create_(request, response) {
      response.status(201).json(await create(request.body as never, String(request.get('x-user'))));
    }),
  );
  router.delete(
    '/invoices/:id',
    [loggedIn, admin],
    handler(async function remove_(request, response) {
      await remove(String(request.params['id']));
      response.status(204).end();
    }),
  );
  router.post(
    '/report',
    handler(async function report_(_request, response) {
      (await report()).pipe(response.type('text/csv'));
    }),
  );
  router.post(
    '/moved',
    handler(async function moved_(_request, response) {
      response.redirect(await moved());
    }),
  );
  router.post(
    '/broken',
    handler(async function broken_() {
      await broken();
    }),
  );
  router.post(
    '/crash',
    handler(async function crash_() {
      await crash();
    }),
  );
  return router;
}

const server = express();
for (const edition of ['none', 'above', 'between', 'below']) server.use(`/${edition}`, invoices(edition));
const listening = server.listen(0, '127.0.0.1', () => app.announce((listening.address() as AddressInfo).port));
