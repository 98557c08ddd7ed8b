import type { RunningApp } from './app-process';

/** How the controllers of an app are decorated: not at all, or with @AutoBackup() above, between or below the framework's. */
export type Edition = 'none' | 'above' | 'between' | 'below';
export const DECORATED = ['above', 'between', 'below'] as const;

export type ProtectedMethod = 'create' | 'remove' | 'report' | 'moved' | 'broken' | 'crash' | 'observable';

/** One request of the contract. */
export interface Request {
  readonly title: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the edition's prefix; `ID` is an invoice that is there. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The protected method that it reaches. Without one, the request is turned away before, or the method is not protected. */
  readonly reaches?: ProtectedMethod;
  /** How it is answered, with and without a decorator. */
  expect(answer: Answer): void;
}

/** What a client sees, but for what differs from one request to the next. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed, where it is JSON. */
  readonly body: unknown;
}

const USER = { 'x-user': 'ada' };
const ADMIN = { ...USER, 'x-role': 'admin' };
const INVOICE = { customer: 'Ada Lovelace', total: 12.5 };
const NOBODY = 999_999;
/** A connection for each: servers close it after some errors, or when it was idle, and the next request would meet that. */
export const CLOSE = { connection: 'close' };

const status =
  (...allowed: number[]) =>
  (answer: Answer) =>
    expect(allowed).toContain(answer.status);

const create = { method: 'POST', path: '/invoices', body: INVOICE } as const;

/** The requests that every framework answers, then those that some do. */
export const REQUESTS: readonly Request[] = [
  {
    title: 'a valid POST with a login',
    ...create,
    headers: USER,
    reaches: 'create',
    expect(answer) {
      expect(answer).toMatchObject({ status: 201, body: { id: 'ID', ...INVOICE, user: 'ada' } });
    },
  },
  { title: 'a POST without a login', ...create, expect: status(401, 403) },
  {
    title: 'a POST of an invoice without a customer',
    ...create,
    headers: USER,
    body: { ...INVOICE, customer: '' },
    expect: status(400, 422),
  },
  {
    title: 'a POST of an invoice with a total below zero',
    ...create,
    headers: USER,
    body: { ...INVOICE, total: -1 },
    expect: status(400, 422),
  },
  {
    title: 'a DELETE by an administrator',
    method: 'DELETE',
    path: '/invoices/ID',
    headers: ADMIN,
    reaches: 'remove',
    expect: status(204),
  },
  {
    title: 'a DELETE of what is not there',
    method: 'DELETE',
    path: `/invoices/${NOBODY}`,
    headers: ADMIN,
    reaches: 'remove',
    expect: status(404),
  },
  {
    title: 'a DELETE without the role',
    method: 'DELETE',
    path: '/invoices/ID',
    headers: USER,
    expect: status(403),
  },
  {
    title: 'a stream',
    method: 'POST',
    path: '/report',
    reaches: 'report',
    expect({ status, headers, body }) {
      expect([200, 201]).toContain(status);
      expect(headers['content-type']).toContain('text/csv');
      expect(String(body).split('\n')).toHaveLength(1_002);
      expect(body).toMatch(/^customer,total\ncustomer 1,1\n[^]*\ncustomer 1000,1000\n$/);
    },
  },
  {
    title: 'a redirect',
    method: 'POST',
    path: '/moved',
    reaches: 'moved',
    expect({ status, headers }) {
      expect([302, 303]).toContain(status);
      expect(headers['location']).toBe('/somewhere');
    },
  },
  {
    title: 'an error of the framework’s own',
    method: 'POST',
    path: '/broken',
    reaches: 'broken',
    expect: status(409),
  },
  { title: 'any other error', method: 'POST', path: '/crash', reaches: 'crash', expect: status(500) },
  {
    title: 'a GET',
    method: 'GET',
    path: '/invoices',
    expect({ status, body }) {
      expect(status).toBe(200);
      expect(body).toEqual({ count: expect.any(Number) });
    },
  },
];

export const OBSERVABLE: Request = {
  title: 'an Observable',
  method: 'POST',
  path: '/observable',
  reaches: 'observable',
  expect({ status, body }) {
    expect([200, 201]).toContain(status);
    expect(body).toEqual({ observed: 3 });
  },
};

/** Different each time, whoever answers; the length goes with the id and the prefix. */
const VOLATILE = new Set(['date', 'etag', 'content-length', 'connection', 'keep-alive', 'transfer-encoding']);

export async function send(app: RunningApp, edition: Edition, request: Request): Promise<Answer> {
  const path = request.path.replace('ID', String(app.addInvoice()));
  const hasBody = request.body !== undefined;
  const response = await fetch(`${app.url}/${edition}${path}`, {
    method: request.method,
    headers: { ...request.headers, ...CLOSE, ...(hasBody && { 'content-type': 'application/json' }) },
    redirect: 'manual',
    ...(hasBody && { body: JSON.stringify(request.body) }),
  });
  const headers = [...response.headers].filter(([name]) => !VOLATILE.has(name));
  return {
    status: response.status,
    headers: Object.fromEntries(headers.map(([name, value]) => [name, neutral(value)])),
    body: parsed(neutral(await response.text())),
  };
}

/** Without the edition's name, ids and times. */
export function neutral(text: string): string {
  return text
    .replace(/none|above|between|below/gi, 'EDITION')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/"id":\d+/g, '"id":"ID"')
    .replace(/\/invoices\/\d+/g, '/invoices/ID');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
