import path from 'node:path';
import { startApp } from './app-process';
import type { AppOptions, RunningApp } from './app-process';
import { CLOSE, DECORATED, neutral, OBSERVABLE, REQUESTS, send } from './requests';
import type { Answer, Edition, ProtectedMethod, Request } from './requests';

/** What an app has beyond the least. */
export interface Features {
  /** Serves the OpenAPI document that its framework makes, at /openapi.json. */
  readonly openapi?: boolean;
  /** `POST /E/observable` answers `{ observed: 3 }` through an Observable. */
  readonly observable?: boolean;
  /** A middleware, interceptor or filter of the one method sets `x-middleware: ran` on the answer of `POST /E/invoices`. */
  readonly middleware?: boolean;
  /**
   * Ways to put decorators and classes together, each a route `POST /compositions/NAME` that calls a protected method once
   * and answers `{ ran: NAME }`, with what the manifest says of it.
   */
  readonly compositions?: Readonly<Record<string, string>>;
  /** Run it with the service from the framework's container, too (`SERVICE=container`). */
  readonly container?: boolean;
}

export interface Framework {
  /** The folder under tests/frameworks. */
  readonly app: string;
  readonly features?: Features;
  /** What Node runs, in the app's folder. */
  readonly args?: readonly string[];
  /** What the manifest says of an edition's method. Default `'Invoices.create'`. */
  readonly label?: (edition: Edition, method: ProtectedMethod) => string;
}

/**
 * The one list of assertions that every framework is held to: each request is answered as without the decorator, wherever
 * it is put; what is turned away takes no backup; what is not takes one, before the method, if one is due.
 */
export function describeFramework({
  app: folder,
  features = {},
  args = ['build/main.js'],
  label = byClass,
}: Framework) {
  const cwd = path.join(__dirname, folder);
  // The app, and what it is told: `nestjs fastify`.
  const title = [folder, ...args.slice(1)].join(' ');
  const requests = features.observable ? [...REQUESTS, OBSERVABLE] : REQUESTS;
  const create = REQUESTS[0]!;

  describe(`${title}, with the service from configureAutoBackup(),`, () => {
    const app = useApp({ cwd, args, service: 'default' });
    const without = new Map<Request, Answer>();
    beforeAll(async () => {
      for (const request of requests) without.set(request, await send(app(), 'none', request));
    });

    test.each(requests.map((request) => [request.title, request] as const))(
      'without @AutoBackup(): %s',
      (_, request) => {
        request.expect(without.get(request)!);
      },
    );

    test('without @AutoBackup() there are no backups', () => {
      expect(app().backups()).toEqual([]);
    });

    if (features.middleware) {
      test('the middleware of one method runs for it', () => {
        expect(without.get(create)!.headers).toMatchObject({ 'x-middleware': 'ran' });
      });
    }

    describe.each(DECORATED)('@AutoBackup() %s the framework’s decorators:', (edition) => {
      const reaching = requests.filter((request) => request.reaches);
      test.each(reaching.map((request) => [request.title, request] as const))(
        '%s is answered as without, after one backup of the state before',
        async (_, request) => {
          await expectOneBackup(app(), edition, request, without.get(request)!);
        },
      );

      const turnedAway = requests.filter((request) => !request.reaches);
      test.each(turnedAway.map((request) => [request.title, request] as const))(
        '%s is answered as without, and takes no backup when one is due',
        async (_, request) => {
          const { calls } = app().rows();
          expect(await send(app(), edition, request)).toEqual(withCount(without.get(request)!));
          expect(app().backups()).toEqual([]);
          expect(app().rows().calls).toBe(calls);
        },
      );

      test('20 requests at the same time take one backup, before all of them', async () => {
        const before = app().rows();
        const answers = await Promise.all(Array.from({ length: 20 }, () => send(app(), edition, create)));
        expect(answers).toEqual(answers.map(() => without.get(create)));
        const [backup, ...others] = app().backups();
        expect(others).toEqual([]);
        expect(backup).toMatchObject({ label: label(edition, 'create'), rows: { calls: before.calls } });
        expect(app().rows().calls).toBe(before.calls + 20);
      });
    });

    const compositions = Object.entries(features.compositions ?? {});
    if (compositions.length > 0) {
      test.each(compositions)('%s: one backup, of the state before, for one call', async (name, label) => {
        const before = app().rows();
        const compose = async () => {
          const response = await fetch(`${app().url}/compositions/${name}`, { method: 'POST', headers: CLOSE });
          expect(await response.json()).toEqual({ ran: name });
        };
        await compose();
        const backups = app().backups();
        expect(backups).toEqual([{ name: expect.any(String), label, rows: before }]);
        await compose();
        expect(app().backups()).toEqual(backups);
        expect(app().rows().calls).toBe(before.calls + 2);
      });
    }

    if (features.openapi) {
      test('the OpenAPI document has the same operations with and without @AutoBackup()', async () => {
        const document = (await (await fetch(`${app().url}/openapi.json`, { headers: CLOSE })).json()) as OpenApi;
        const none = operationsOf(document, 'none');
        expect(Object.keys(none).length).toBeGreaterThanOrEqual(6);
        for (const edition of DECORATED) expect(operationsOf(document, edition)).toEqual(none);
      });
    }
  });

  if (features.container) {
    describe(`${title}, with the service from the framework’s container,`, () => {
      const app = useApp({ cwd, args, service: 'container' });

      test.each(DECORATED)(
        '@AutoBackup() %s the framework’s decorators: one backup before the method',
        async (edition) => {
          const without = await send(app(), 'none', create);
          await expectOneBackup(app(), edition, create, without);
        },
      );
    });
  }

  async function expectOneBackup(app: RunningApp, edition: Edition, request: Request, without: Answer): Promise<void> {
    const before = app.rows();
    expect(await send(app, edition, request)).toEqual(without);
    const backups = app.backups();
    // `send` adds an invoice of its own before the request.
    const rows = { calls: before.calls, invoices: before.invoices + 1 };
    expect(backups).toEqual([{ name: expect.any(String), label: label(edition, request.reaches!), rows }]);
    expect(app.rows().calls).toBe(before.calls + 1);

    // It is fresh now.
    expect(await send(app, edition, request)).toEqual(without);
    expect(app.backups()).toEqual(backups);
    expect(app.rows().calls).toBe(before.calls + 2);
  }
}

/** An app for all the tests of a describe; before each of them a backup is due. */
function useApp(options: AppOptions): () => RunningApp {
  let running: RunningApp | undefined;
  beforeAll(async () => {
    running = await startApp(options);
  });
  beforeEach(() => running!.removeBackups());
  afterAll(async () => {
    // It has answered everything without a crash.
    if (running) expect({ code: await running.stop(), output: running.output() }).toMatchObject({ code: 0 });
  });
  return () => running!;
}

function byClass(_edition: Edition, method: ProtectedMethod): string {
  return `Invoices.${method}`;
}

/** The answer of `GET /invoices`, whose number of invoices has grown since. */
function withCount(answer: Answer): Answer {
  const { body } = answer;
  const counts = typeof body === 'object' && body !== null && 'count' in body;
  return counts ? { ...answer, body: { count: expect.any(Number) as unknown } } : answer;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, unknown>>;
}

/** By path and verb, without the edition's name. */
function operationsOf({ paths }: OpenApi, edition: Edition): Record<string, unknown> {
  const own = Object.entries(paths).filter(([route]) => route.startsWith(`/${edition}/`));
  return JSON.parse(neutral(JSON.stringify(Object.fromEntries(own)))) as Record<string, unknown>;
}
