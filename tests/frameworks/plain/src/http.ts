// As little of a framework as the routes of plain classes need: TC39 decorators that leave marks on methods, and a server
// that reads them. It looks at the method that the class has in the end, as real ones do.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';

export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export class Redirect {
  constructor(readonly to: string) {}
}

/** What a method is called with. */
export interface Call<Body = unknown> {
  readonly body: Body;
  readonly user: string;
  readonly id: string;
}

interface Route {
  readonly verb: string;
  readonly path: string;
  readonly status: number;
  readonly login: boolean;
  readonly role: string;
  readonly type: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly valid: (body: unknown) => boolean;
}

const ROUTE = Symbol('route');
type Method = ((...args: any[]) => Promise<unknown>) & { [ROUTE]?: Partial<Route> };

const mark = (route: Partial<Route>) => (method: Method, _context: ClassMethodDecoratorContext) => {
  method[ROUTE] = { ...method[ROUTE], ...route };
};

export const post = (path: string, status = 200) => mark({ verb: 'POST', path, status });
export const remove = (path: string) => mark({ verb: 'DELETE', path, status: 204 });
export const get = (path: string) => mark({ verb: 'GET', path, status: 200 });
export const loggedIn = mark({ login: true });
export const role = (name: string) => mark({ login: true, role: name });
export const valid = (check: (body: unknown) => boolean) => mark({ valid: check });
export const header = (name: string, value: string) => mark({ headers: { [name]: value } });
export const contentType = (type: string) => mark({ type });

/** Every path below a prefix, with the route and the object that serves it. */
export type Controllers = Readonly<Record<string, object>>;

export function serve(controllers: Controllers, listening: (port: number) => void): void {
  const routes = Object.entries(controllers).flatMap(([prefix, controller]) => routesOf(prefix, controller));
  const server = http.createServer((request, response) => {
    answer(request, response, routes).catch((error: unknown) => {
      response.statusCode = error instanceof HttpError ? error.status : 500;
      response.end(error instanceof HttpError ? error.message : 'Internal Server Error');
    });
  });
  server.listen(0, '127.0.0.1', () => listening((server.address() as AddressInfo).port));
}

type Served = Partial<Route> & { readonly pattern: RegExp; readonly call: (call: Call) => Promise<unknown> };

function routesOf(prefix: string, controller: object): Served[] {
  const found: Served[] = [];
  const seen = new Set<string>();
  let owner = Object.getPrototypeOf(controller) as object;
  for (; owner !== Object.prototype; owner = Object.getPrototypeOf(owner) as object) {
    for (const name of Object.getOwnPropertyNames(owner)) {
      const route = (owner as Record<string, Method>)[name]![ROUTE];
      if (!route || seen.has(name)) continue;
      seen.add(name);
      const pattern = new RegExp(`^/${prefix}${route.path!.replace(':id', '(?<id>\\w+)')}$`);
      found.push({ ...route, pattern, call: (call) => (controller as Record<string, Method>)[name]!(call) });
    }
  }
  return found;
}

async function answer(request: http.IncomingMessage, response: http.ServerResponse, routes: Served[]): Promise<void> {
  const route = routes.find(({ verb, pattern }) => verb === request.method && pattern.test(request.url!));
  if (!route) throw new HttpError(404, 'Not found.');
  const user = String(request.headers['x-user'] ?? '');
  if (route.login && !user) throw new HttpError(401, 'Log in first.');
  if (route.role && request.headers['x-role'] !== route.role) throw new HttpError(403, 'Not allowed.');
  const body = await bodyOf(request);
  if (route.valid && !route.valid(body)) throw new HttpError(400, 'Not valid.');
  for (const [name, value] of Object.entries(route.headers ?? {})) response.setHeader(name, value);

  const result = await route.call({ body, user, id: route.pattern.exec(request.url!)?.groups?.['id'] ?? '' });
  response.statusCode = route.status!;
  if (result instanceof Redirect) response.writeHead(302, { location: result.to }).end();
  else if (result instanceof Readable) result.pipe(response.setHeader('content-type', route.type!));
  else if (result === undefined) response.end();
  else response.setHeader('content-type', 'application/json').end(JSON.stringify(result));
}

async function bodyOf(request: http.IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = await request.toArray();
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
}
