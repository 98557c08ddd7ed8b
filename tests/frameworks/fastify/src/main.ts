import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { BackupService, configureAutoBackup, withAutoBackup } from 'sqlite-autobackup';
import * as app from '../../support/app.js';

declare module 'fastify' {
  interface FastifyInstance {
    backups: BackupService | undefined;
  }
}

const server = Fastify();
// Fastify has no container; what it has is decorations, which handlers see as `this`.
server.decorate('backups', app.serviceFromContainer ? new BackupService(app.backupOptions) : undefined);
if (!app.serviceFromContainer) configureAutoBackup(app.backupOptions);

type Handler = (this: FastifyInstance, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

const httpError = (statusCode: number, message: string) => Object.assign(new Error(message), { statusCode });

async function loggedIn(request: FastifyRequest): Promise<void> {
  if (!request.headers['x-user']) throw httpError(401, 'Log in first.');
}

async function admin(request: FastifyRequest): Promise<void> {
  if (request.headers['x-role'] !== 'admin') throw httpError(403, 'For administrators.');
}

async function middleware(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.header('x-middleware', 'ran');
}

const invoiceSchema = {
  body: {
    type: 'object',
    required: ['customer', 'total'],
    properties: { customer: { type: 'string', minLength: 1 }, total: { type: 'number', minimum: 0 } },
  },
};

const protect = (handler: Handler): Handler =>
  withAutoBackup(handler, app.serviceFromContainer ? { service: (self) => self.backups! } : {});

/** A wrapper such as apps have for their own purposes; it passes `this` on. */
const logged = (handler: Handler): Handler =>
  function (request, reply) {
    return Reflect.apply(handler, this, [request, reply]);
  };

/** A handler that is protected (above), that is and is wrapped once more (between), or that wraps a protected one (below). */
function handlerOf(edition: string, handler: Handler): RouteHandlerMethod {
  if (edition === 'above') return protect(handler) as RouteHandlerMethod;
  if (edition === 'between') return logged(protect(handler)) as RouteHandlerMethod;
  if (edition === 'below') return logged(logged(protect(handler))) as RouteHandlerMethod;
  return handler as RouteHandlerMethod;
}

function invoices(edition: string) {
  return async (scope: FastifyInstance): Promise<void> => {
    const handler = (fn: Handler) => handlerOf(edition, fn);
    scope.get('/invoices', async () => app.countInvoices());
    scope.post(
      '/invoices',
      { onRequest: loggedIn, preHandler: middleware, schema: invoiceSchema },
      handler(async function create(request, reply) {
        reply.code(201);
        return app.createInvoice(request.body as never, String(request.headers['x-user']));
      }),
    );
    scope.route({
      method: 'DELETE',
      url: '/invoices/:id',
      onRequest: [loggedIn, admin],
      handler: handler(async function remove(request, reply) {
        const { id } = request.params as { id: string };
        if (!app.removeInvoice(id)) throw httpError(404, `There is no invoice ${id}.`);
        reply.code(204);
      }),
    });
    scope.post(
      '/report',
      handler(async function report(_request, reply) {
        return reply.type('text/csv').send(app.reportStream());
      }),
    );
    scope.post(
      '/moved',
      handler(async function moved(_request, reply) {
        app.called('moved');
        return reply.redirect('/somewhere');
      }),
    );
    scope.post(
      '/broken',
      handler(async function broken() {
        app.called('broken');
        throw httpError(409, 'The invoice was paid already.');
      }),
    );
    scope.post(
      '/crash',
      handler(async function crash() {
        app.called('crash');
        throw new Error('a bug');
      }),
    );
  };
}

async function main(): Promise<void> {
  for (const edition of ['none', 'above', 'between', 'below']) {
    await server.register(invoices(edition), { prefix: `/${edition}` });
  }
  await server.listen({ port: 0, host: '127.0.0.1' });
  app.announce((server.server.address() as AddressInfo).port);
}

void main();
