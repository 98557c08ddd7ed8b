import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { createDashboard } from 'sqlite-autobackup/dashboard';
import type { DashboardRights } from 'sqlite-autobackup/dashboard';
import { memoryLogger } from '../../support/memory-logger';
import { chance, mutateText, pick } from '../mutate';
import { digest, openShop } from '../place';
import type { Random, TargetModule } from '../target';

const RIGHTS: Readonly<Record<string, false | DashboardRights>> = {
  none: false,
  view: { view: true },
  all: {
    ...{ view: true, create: true, download: true, delete: true, restore: true },
    health: true,
    browse: true,
    recover: true,
  },
};

interface Input {
  readonly rights: 'none' | 'view' | 'all';
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** In no page as it is, wherever it was sent. */
const MARK = '<fuzz>';

/** Requests as a browser, a proxy, another site or nobody would send them. */
export const page: TargetModule<Input> = {
  invariant:
    'whatever is sent: one answer, and never for a reason that nobody thought of; no folder, secret or mark of markup in it, no header that was sent; without rights nothing is shown, and without the right to change nothing is changed',
  async start(root) {
    const shop = await openShop(root);
    const logger = memoryLogger();
    let rights: Input['rights'] = 'none';
    const dashboard = createDashboard(shop.service, {
      authorize: () => RIGHTS[rights]!,
      hosts: ['shop.example'],
      logger,
    });
    const server = http.createServer((request, response) => dashboard.node(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    server.unref();
    const { port } = server.address() as AddressInfo;

    return {
      make: (random, old) => makeInput(random, shop.backup.name, old),
      async check(input) {
        if (input.rights === 'all' && input.method !== 'GET') shop.reset();
        rights = input.rights;
        logger.lines.length = 0;
        const before = input.rights === 'all' ? undefined : digest(shop.folder);
        const { status, head, body } = await send(port, input);
        rights = 'all';
        await finished(port);
        await shop.service.whenIdle();

        const isFile = /content-type: application\/(vnd\.sqlite3|octet-stream)/i.test(head);
        const failure = logger.lines.find((line) => !/ERR_BACKUP_|cancelled|\bbackup folder\b/.test(line));
        assert.ok(
          !body.includes('ERR_DASHBOARD_INTERNAL'),
          `an error that nobody thought of: ${logger.lines.join(' | ')} ${failure}`,
        );
        assert.ok(isFile || !body.includes(root), 'the folder is told');
        assert.ok(!body.includes('TOP-SECRET'), 'a file outside is told');
        assert.ok(isFile || !body.includes(MARK), 'markup is shown as it was sent');
        assert.ok(!/^x-fuzz:/im.test(head), 'a header was sent back');
        if (before) assert.deepEqual(digest(shop.folder), before, `changed with the rights "${input.rights}"`);
        const isOpen = /^\/assets\//.test(input.path);
        if (input.rights === 'none' && !isOpen)
          assert.ok(!(status >= 200 && status < 300), `shown without rights: ${status}`);
        shop.checkOutside();
        return `${input.rights} ${input.method} ${status} ${/"code":"(\w+)"/.exec(body)?.[1] ?? ''}`;
      },
    };
  },
};

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** As it is written, byte for byte: no client tidies it up. */
function send(port: number, { method, path, headers, body }: Input): Promise<Answer> {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    'connection: close',
  ];
  const length = Buffer.byteLength(body);
  const head = `${lines.join('\r\n')}\r\ncontent-length: ${length}\r\n\r\n`;
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(Buffer.from(head + body)));
    let text = '';
    const done = (): void => {
      const [first = '', ...rest] = text.split('\r\n\r\n');
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
      socket.destroy();
      // Node itself refuses what is no HTTP; that is an answer too.
      if (Number.isNaN(status)) reject(new Error(`no answer: ${text.slice(0, 200)}`));
      else resolve({ status, head: first, body: rest.join('\r\n\r\n') });
    };
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      // A stream of events has no end.
      if (/content-type: text\/event-stream/i.test(text) && text.includes('\r\n\r\n')) done();
    });
    socket.on('end', done).on('error', (error) => (text === '' ? reject(error) : done()));
  });
}

/** Waits until no job of the page is running. */
async function finished(port: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/jobs`);
    if (!/"(running|waiting)"/.test(await answer.text())) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const PARTS = ['', 'backups', 'api', 'api/backups', 'api/status', 'api/health', 'api/activity', 'api/rules', 'api/jobs', 'api/diff', 'api/recover', 'api/ship', 'api/only-here', 'api/copies', 'api/events', 'activity', 'rules', 'go-back', 'selected', 'copies', 'copies/pull', 'ship', 'only-here', 'jobs', 'assets/style.css', 'changes', 'recover', 'verify', 'protect', 'restore', 'delete', 'download', 'cancel']; // prettier-ignore
const PATH_WORDS = ['%00', '%2f', '%2e%2e/', '..', '//', '%', '%zz', '?', '#', '%0d%0ax-fuzz:%201', '%3Cfuzz%3E', MARK, '?q=', '&before=', '?done=', '&table=', '\u00e9', 'customers']; // prettier-ignore
const FIELDS = ['on=true', 'confirm=restore', 'confirm=delete', 'level=drill', 'level=hash', `label=${MARK}`, 'label=x%0d%0ax-fuzz:%201', 'table=customers', 'where=id%20=%201', 'where=1)%20--', 'removed=on', 'plan=x', 'onConflict=skip', 'against=live', 'rows=1e9', 'what=delete', 'what=protect', 'name=NAME', 'names=NAME', 'store=0', '__proto__=1']; // prettier-ignore
const HEADERS: readonly (readonly [string, string])[] = [
  ['cookie', 'autobackup_viewer=0123456789abcdef0123'],
  ['cookie', 'autobackup_viewer=<fuzz>; a=b'],
  ['cookie', 'a=b; '.repeat(500)],
  ['origin', 'https://evil.example'],
  ['origin', 'null'],
  ['sec-fetch-site', 'cross-site'],
  ['sec-fetch-site', 'same-origin'],
  ['accept-language', 'es-MX, en;q=0.5'],
  ['accept-language', `${MARK};q=9`],
  ['range', 'bytes=0-99'],
  ['range', 'bytes=-1,5-4'],
  ['if-none-match', '"x"'],
  ['x-autobackup-renew', 'shown'],
  ['accept', 'text/event-stream'],
  ['x-forwarded-host', 'evil.example'],
  ['referer', `http://shop.example/${MARK}`],
  ['last-event-id', MARK],
];
const TYPES = [
  'application/x-www-form-urlencoded',
  'application/json',
  'text/plain',
  'multipart/form-data',
  'application/json; charset=x',
  '',
];

function makeInput(random: Random, name: string, old?: Input): Input {
  const rights = old?.rights ?? pick(random, ['none', 'view', 'all', 'all'] as const);
  const method = old && chance(random, 0.8) ? old.method : pick(random, ['GET', 'GET', 'POST', 'POST', 'POST', 'DELETE', 'HEAD', 'PUT', 'OPTIONS', 'TRACE']); // prettier-ignore
  const parts = [pick(random, PARTS)];
  if (chance(random, 0.6)) parts.push(chance(random, 0.85) ? name : mutateText(random, name));
  if (parts.length > 1 && chance(random, 0.7)) parts.push(pick(random, PARTS));
  const plain = old && chance(random, 0.5) ? old.path : `/${parts.join('/')}`;
  const path = chance(random, 0.5) ? plain : mutateText(random, plain, PATH_WORDS);
  const host = chance(random, 0.85)
    ? pick(random, ['127.0.0.1', 'shop.example', 'localhost:3000'])
    : mutateText(random, 'evil.example');
  const type = pick(random, chance(random, 0.8) ? TYPES.slice(0, 2) : TYPES);
  const more = Array.from({ length: Math.floor(random() * 4) }, () => pick(random, HEADERS));
  const headers = [['host', host], ['content-type', type], ...more].map(
    ([key, value]) => [key, onOneLine(value)] as const,
  );
  return {
    rights,
    method,
    path: onOneLine(path).replaceAll(' ', '%20').slice(0, 4_000),
    headers,
    body: bodyOf(random, type, method, name, old),
  };
}

function bodyOf(random: Random, type: string, method: string, name: string, old?: Input): string {
  if (method === 'GET' || method === 'HEAD') return '';
  const fields = Array.from({ length: Math.floor(random() * 5) }, () => pick(random, FIELDS).replace('NAME', name));
  const form = old && old.body !== '' && chance(random, 0.4) ? old.body : fields.join('&');
  const isJson = type.startsWith('application/json') && !form.startsWith('{');
  const text = isJson ? JSON.stringify(Object.fromEntries(new URLSearchParams(form))) : form;
  return chance(random, 0.4) ? mutateText(random, text, PATH_WORDS).slice(0, 40_000) : text;
}

/** One line of a request's head; Node would refuse the whole of it otherwise. */
function onOneLine(text: string): string {
  return text.replace(/[^\x20-\x7e\xa0-\xff]/g, '');
}
