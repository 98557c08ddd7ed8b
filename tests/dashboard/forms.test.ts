import fc from 'fast-check';
import fs from 'node:fs';
import path from 'node:path';
import { BackupError, BackupService, directoryStore } from 'sqlite-autobackup';
import { systemCode } from '#dist/util/errors.js';
import { withoutFirstLook } from '../support/stores';
import { contentsOf } from '../support/whole-backups';
import { routes, useDashboard } from './support';

// Whatever a body holds, each route that is posted to answers, and the service is asked nothing but what an address and known fields say.

const dash = useDashboard();
const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

/** What acts, with what it is asked; nothing of it is done. */
const ACTS = ['createBackup', 'deleteBackup', 'protectBackup', 'verifyBackup', 'restoreBackup', 'diffBackup', 'recoverRows', 'queryBackup', 'listCopies', 'pullBackup', 'shipPending', 'acceptOnlyHere'] as const; // prettier-ignore
type Act = (typeof ACTS)[number];
const IS_JOB = new Set<Act>(['createBackup', 'verifyBackup', 'restoreBackup', 'diffBackup', 'recoverRows', 'queryBackup', 'listCopies', 'pullBackup']); // prettier-ignore

async function withForms() {
  const store = directoryStore(dash.temp.file('remote'), { host: 'shop-1' });
  // Taken by a service without a store: nothing is shipped meanwhile.
  const { name } = await dash.service().createBackup();
  const service = withoutFirstLook(() => new BackupService({ database: dash.temp.file('app.db'), logger: dash.logger, copies: [store] })); // prettier-ignore
  await dash.serve(service);
  const before = contentsOf(dash.temp.path);
  const asked: [Act, ...unknown[]][] = [];
  for (const act of ACTS) {
    const perform = (...args: unknown[]): Promise<unknown> => {
      asked.push([act, ...args]);
      return IS_JOB.has(act) ? Promise.reject(new BackupError('ERR_BACKUP_CANCELLED', 'Not done here.', { step: 'start', hint: 'Try again.' })) : Promise.resolve(); // prettier-ignore
    };
    jest.spyOn(service as unknown as Record<Act, () => Promise<unknown>>, act).mockImplementation(perform);
  }
  // Files have a reader and tests of their own: upload.test.ts.
  const posts = routes(name).filter(({ method, path: to }) => method === 'POST' && !/\/uploads?$/.test(to));
  expect(posts.length).toBeGreaterThan(20);
  const uncaught: unknown[] = [];
  const listener = (error: unknown) => uncaught.push(error);
  process.on('unhandledRejection', listener);
  const over = async () => {
    process.off('unhandledRejection', listener);
    expect(uncaught).toEqual([]);
    expect(contentsOf(dash.temp.path)).toEqual(before);
    expect((await dash.get('/')).status).toBe(200);
    expect((await dash.get('/api/backups')).json()).toMatchObject([{ name }]);
    expect(dash.logger.lines.filter((line) => /TypeError|RangeError|SyntaxError/.test(line))).toEqual([]);
  };
  return { service, name, asked, paths: posts.map(({ path: route }) => route), over };
}

const FIELDS = ['label', 'level', 'back', 'confirm', 'protected', 'on', 'do', 'b0', 'b99', 'b100', 'store', 'name', 'job', 'all', 'row0', 'row9999', 'onConflict', 'triggers', 'dryRun', 'plan', 'rows', 'table', 'removed', 'skip', 'accepted', 'sql']; // prettier-ignore
const ODD_NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', '', '\0', 'label[]'];
const ODD_TEXTS = ['', 'true', 'false', '0', '-1', '1e999', '99999999999999999999', 'quick', 'drill', 'delete', 'protect', 'keep', 'ledger', '__proto__', '../../etc/passwd', '\0', 'a\r\nSet-Cookie: x=1', '\u001b[2J\u202e\u2028', '\ud800', "' OR 1=1 --", 'x'.repeat(300), 'x'.repeat(9_000)]; // prettier-ignore

const fieldName = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...FIELDS) },
  { weight: 2, arbitrary: fc.constantFrom(...ODD_NAMES) },
  fc.string({ unit: 'binary', maxLength: 10 }),
);
const odd = fc.oneof(fc.constantFrom(...ODD_TEXTS), fc.string({ unit: 'binary', maxLength: 40 }));
const values = fc.oneof(odd, fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(true, false, null, 0, -0, 1.5, 1e308));

/** Fields that would do something, before others that may take their place. */
const meant = fc.constantFrom<[string, string][]>([], [], [['confirm', 'restore']], [['do', 'delete'], ['b0', 'app.db']], [['store', '0'], ['name', 'x']], [['level', 'full']]); // prettier-ignore

interface Sent {
  readonly type: string;
  readonly text: string;
  readonly encoding: 'utf8' | 'utf16le' | 'latin1';
}

/** Repeated keys stay as they are; JSON is put together by hand, as an object has no second key and no `__proto__`. */
const form = fc.tuple(meant, fc.array(fc.tuple(fieldName, odd), { maxLength: 6 })).map(([first, fields]): Sent => ({
  type: FORM,
  text: new URLSearchParams([...first, ...fields]).toString(),
  encoding: 'utf8',
}));
const object = fc
  .tuple(meant, fc.array(fc.tuple(fieldName, values), { maxLength: 6 }))
  .map(
    ([first, fields]) =>
      `{${[...first, ...fields].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`,
  )
  .map((text): Sent => ({ type: JSON_TYPE, text, encoding: 'utf8' }));
/** Bytes of any kind behind the name of a form, and other encodings than UTF-8. */
const bytes = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }).map((text): Sent => ({ type: FORM, text, encoding: 'latin1' })), // prettier-ignore
  form.map(({ text }): Sent => ({ type: `${FORM}; charset=utf-16`, text, encoding: 'utf16le' })),
  fc.constantFrom('%', '%zz=%ff', '&&&=&=', 'label=%00', 'label=%ff%fe', '%5f%5fproto%5f%5f=1', 'label', '='.repeat(16_000), 'a=1&'.repeat(4_000)).map((text): Sent => ({ type: FORM, text, encoding: 'utf8' })), // prettier-ignore
);

/** What is no body that the dashboard reads, with the status that says so. */
const broken: fc.Arbitrary<Sent & { status: number }> = fc
  .oneof(
    fc
      .tuple(
        fc.constantFrom(
          '',
          'text/plain',
          'multipart/form-data; boundary=x',
          'application/xml',
          'application/jsonx',
          `${FORM}x`,
          'null',
        ),
        fc.string({ minLength: 1, maxLength: 50 }),
      ) // prettier-ignore
      .map(([type, text]) => ({ type, text, encoding: 'utf8' as const, status: 415 })),
    fc
      .oneof(
        fc.constantFrom('{', '[1]', 'null', '"x"', '1', 'true', '{"label":}', '{"label":"\\u12"}', "{'label':1}", '\ufeff[]', '[{}]'), // prettier-ignore
        fc.string({ minLength: 1 }).filter((text) => !text.trim().startsWith('{')),
        object.map(({ text }) => text.slice(0, -1)),
      )
      .map((text) => ({ type: JSON_TYPE, text, encoding: 'utf8' as const, status: 400 })),
    object.map(({ text }) => ({ type: JSON_TYPE, text, encoding: 'utf16le' as const, status: 400 })),
    fc.constantFrom(FORM, JSON_TYPE, 'text/plain').map((type) => ({ type, text: 'x'.repeat(16_385), encoding: 'utf8' as const, status: 413 })), // prettier-ignore
  )
  .map((sent) => (Buffer.byteLength(sent.text, sent.encoding) > 16_384 ? { ...sent, status: 413 } : sent));

const post = (to: string, { type, text, encoding }: Sent) =>
  dash.send({
    method: 'POST',
    path: to,
    body: Buffer.from(text, encoding),
    headers: type === '' ? {} : { 'content-type': type },
  });

test('a body that is none is refused by every route, with its status, and nothing is asked of the service', async () => {
  const { asked, paths, over } = await withForms();
  const jobs = paths.filter((route) => route.includes('/jobs/'));
  expect(jobs).toHaveLength(1);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), broken, async (to, { status, ...sent }) => {
      // That there is no such job is said before its body is read.
      const answer = await post(to, sent).catch((error: unknown) => ({ status: systemCode(error) }));
      // A server may close before all of it is sent.
      if (status === 413 && ['ECONNRESET', 'EPIPE'].includes(String(answer.status))) return;
      expect({ to, status: answer.status }).toEqual({ to, status: jobs.includes(to) ? 404 : status });
      expect(asked).toEqual([]);
    }),
    { numRuns: 150 },
  );
  await over();
});

test('whatever fields a body holds, no answer is a failure of the server, and the service is asked only what they say', async () => {
  const { service, name, asked, paths, over } = await withForms();
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), fc.oneof(form, object, bytes), async (to, sent) => {
      asked.length = 0;
      const { status, headers, text } = await post(to, sent);
      expect({ to, status, ok: [200, 202, 303].includes(status) || (status >= 400 && status < 500) }).toMatchObject({
        ok: true,
      });
      expect(Object.keys(headers).filter((header) => header === 'set-cookie' && !/^autobackup_viewer=/.test(String(headers[header])))).toEqual([]); // prettier-ignore
      if (headers.location !== undefined) expect(headers.location).toMatch(/^[\w./?=%-]*$/);
      expect(text).not.toContain(dash.temp.path);
      for (const call of asked) expectAllowed(service, name, to, sent, call);
    }),
    { numRuns: 300 },
  );
  await over();
});

/** What an address and a body may make the service do. */
function expectAllowed(
  service: BackupService,
  name: string,
  to: string,
  { text }: Sent,
  [act, ...args]: [Act, ...unknown[]],
): void {
  // prettier-ignore
  const [first, options] = args as [unknown, Record<string, unknown>];
  if (act === 'createBackup') {
    const { label } = first as { label: unknown };
    expect(to.endsWith('/backups')).toBe(true);
    expect(typeof label).toBe('string');
    expect(label).not.toMatch(/^$|\p{Cc}/u);
    expect((label as string).length).toBeLessThanOrEqual(200);
  } else if (act === 'listCopies' || act === 'pullBackup') {
    const { from } = (act === 'pullBackup' ? options : first) as { from: unknown };
    expect(from).toBe(service.copies[0]!.name);
    expect(to).toMatch(act === 'pullBackup' ? /copies\/pull$/ : /copies$/);
  } else if (act === 'shipPending') expect(to).toMatch(/ship$/);
  else if (act === 'acceptOnlyHere') expect(typeof first).toBe('boolean');
  else if (to === '/selected') {
    // Several at once: those that the body names, and what each of them is, the service decides.
    expect(['deleteBackup', 'protectBackup']).toContain(act);
    expect(text).toContain('do');
  } else {
    expect(first).toBe(name);
    expect(to).toContain(encodeURIComponent(name));
    if (act === 'protectBackup') expect(typeof options).toBe('boolean');
    if (act === 'verifyBackup') expect(['hash', 'quick', 'full', 'drill']).toContain(options['level']);
    // The form wants the word; in the API the address says which one.
    if (act === 'restoreBackup' && !to.startsWith('/api')) expect(text).toMatch(/confirm/);
  }
}

test('a label that is no text is refused, and nothing is asked', async () => {
  const { asked, over } = await withForms();
  const noText = fc.jsonValue({ maxDepth: 2 }).filter((value) => typeof value !== 'string');
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('/backups', '/api/backups'), noText, async (to, label) => {
      const { status } = await post(to, { type: JSON_TYPE, text: JSON.stringify({ label }), encoding: 'utf8' });
      expect({ to, label, status, asked }).toEqual({ to, label, status: 400, asked: [] });
    }),
    { numRuns: 40, examples: [['/backups', 1], ['/api/backups', { length: 3 }], ['/api/backups', ['x']]] }, // prettier-ignore
  );
  await over();
});

test('the rows of a form are those that a comparison has shown', async () => {
  const { service, name, asked, over } = await withForms();
  jest.spyOn(service, 'diffBackup').mockResolvedValue({
    from: name,
    to: 'live',
    schema: { added: [], removed: [], changed: [] },
    tables: [{ name: 'ledger', key: ['id'], added: 0, changed: 0, removed: 1, rows: [{ kind: 'removed', key: [7], before: { id: 7, amount: 1 } }] }], // prettier-ignore
  } as never);
  const started = await dash.postJson(`/api/backups/${name}/diff?wait=1`, { table: 'ledger' });
  expect(started.status).toBe(200);
  const { id } = (await dash.get('/api/jobs')).json()[0];
  const to = `/backups/${encodeURIComponent(name)}/recover`;
  // A job that has ended is forgotten after thirty others.
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fieldName, odd), { maxLength: 6 }), fc.boolean(), async (fields, ticked) => {
      asked.length = 0;
      const others = fields.filter(([field]) => field !== 'job' && field !== 'all');
      const body = new URLSearchParams([...others, ['job', id as string]]);
      if (ticked) body.append('row0', 'on');
      const { status } = await post(to, { type: FORM, text: body.toString(), encoding: 'utf8' });
      expect([303, 400]).toContain(status);
      for (const call of asked) expect(call).toMatchObject(['recoverRows', name, { table: 'ledger', where: '("id" IS 7)', dryRun: true }]); // prettier-ignore
    }),
    { numRuns: 25 },
  );
  await over();
});

test('every file that posts a form is one of the routes here', () => {
  const sources = path.join(__dirname, '..', '..', 'src', 'dashboard');
  const files = fs.readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const posted = files.flatMap((file) => fs.readFileSync(path.join(sources, file), 'utf8').match(/app\.post\(/g) ?? []);
  expect(routes('a.db').filter(({ method }) => method === 'POST')).toHaveLength(posted.length);
});
