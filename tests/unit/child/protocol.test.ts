import path from 'node:path';
import fc from 'fast-check';
import { BackupError, isBackupError } from 'sqlite-autobackup';
import { ChildState, isPartialOf } from '#dist/child/run-child.js';
import { errorFromWire, errorToWire } from '#dist/child/protocol.js';
import { messageReader } from '#dist/child/read-messages.js';
import { diffFromJson, queryFromJson, recoverFromJson } from '#dist/child/rows-protocol.js';
import type { ChildMessage, ChildRequest } from '#dist/child/protocol.js';

function read(...chunks: string[]): ChildMessage[] {
  const messages: ChildMessage[] = [];
  const take = messageReader((message) => messages.push(message));
  chunks.forEach(take);
  return messages;
}

const step = { type: 'step', step: 'copy' };
const progress = { type: 'progress', doneBytes: 1, totalBytes: 2 };
const text = `${JSON.stringify(step)}\n${JSON.stringify(progress)}\n`;

describe('messages', () => {
  test('are read line by line', () => {
    expect(read(text)).toEqual([step, progress]);
  });

  test.each(Array.from({ length: text.length - 1 }, (_, i) => i + 1))(
    'are whole wherever the chunk ends: after %i characters',
    (end) => {
      expect(read(text.slice(0, end), text.slice(end))).toEqual([step, progress]);
    },
  );

  test('arrive when their line ends, not before', () => {
    const seen: ChildMessage[] = [];
    const take = messageReader((message) => seen.push(message));
    take(JSON.stringify(step));
    expect(seen).toEqual([]);
    take('\n');
    expect(seen).toEqual([step]);
  });

  test('are found among what a preloaded module prints', () => {
    const noise = ['', 'hello', '{', 'null', '5', '[]', '{"type":5}', '{"step":"copy"}', '"type"'];
    expect(read(`${noise.join('\n')}\n${JSON.stringify(step)}\r\n${noise.join('\r\n')}`)).toEqual([step]);
  });
});

describe('whatever a child prints', () => {
  const requests: ChildRequest[] = [
    { kind: 'create', database: '/data/app.db', directory: '/data', ifOlderThanMs: 1, verify: 'quick', timeoutMs: 1 },
    { kind: 'inspect', database: '/data/app.db', timeoutMs: 1 },
  ];
  const word = fc.constantFrom(
    'type',
    'step',
    'path',
    'result',
    'error',
    'kind',
    'backup',
    'latest',
    'report',
    'facts',
  );
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('step', 'progress', 'partial', 'result', 'error', 'created', 'fresh', 'verified', 'inspected'),
  );
  const message = fc.oneof(
    fc.dictionary(word, value),
    fc.record({ type: fc.constantFrom('step', 'progress', 'partial', 'result', 'error') }),
    fc
      .tuple(fc.constantFrom('created', 'fresh', 'verified', 'inspected', 'protected'), fc.dictionary(word, value))
      .map(([kind, more]) => ({ type: 'result', result: { ...more, kind } })),
    fc
      .dictionary(fc.constantFrom('code', 'what', 'step', 'hint', 'cause'), value)
      .map((error) => ({ type: 'error', error })),
  );
  const line = fc.oneof(
    message.map((each) => JSON.stringify(each)),
    fc.string({ unit: 'binary' }),
    fc.json(),
  );
  const output = fc.tuple(
    fc.array(line).map((lines) => lines.join('\n') + '\n'),
    fc.array(fc.nat(200), { maxLength: 5 }),
  );

  test('after its answer counts for nothing', () => {
    const state = new ChildState(requests[0]!);
    state.take({ type: 'result', result: { kind: 'protected' } });
    state.take({ type: 'step', step: 'publish' });
    state.take({
      type: 'error',
      error: { code: 'ERR_BACKUP_CHILD_FAILED', what: 'It failed.', step: 'copy', hint: 'Try again.' },
    });
    expect([state.result, state.error, state.step]).toEqual([{ kind: 'protected' }, undefined, 'start']);
  });

  test.each([
    [{}, 1],
    [{ createdAt: 'soon' }, 0],
    [{ createdAt: 5 }, 0],
    [{ sizeBytes: -1 }, 0],
    [{ sizeBytes: null }, 0],
    [{ name: undefined }, 0],
  ])('a backup with %j in it is an answer %i times', (wrong, times) => {
    const backup = { name: 'a.db', path: '/data/a.db', createdAt: '2026-11-24T09:30:00.000Z', sizeBytes: 1, ...wrong };
    const take = jest.fn();
    messageReader(take)(`${JSON.stringify({ type: 'result', result: { kind: 'created', backup, durationMs: 1 } })}\n`);
    expect(take).toHaveBeenCalledTimes(times);
  });

  test('nothing throws, nothing outside is marked for removal, and a result is one that can be used', () => {
    fc.assert(
      fc.property(output, fc.constantFrom(...requests), ([text, cuts], request) => {
        const chunks: string[] = [];
        let rest = text;
        for (const cut of cuts) {
          chunks.push(rest.slice(0, cut));
          rest = rest.slice(cut);
        }
        const state = new ChildState(request);
        const read = messageReader((each) => state.take(each));
        [...chunks, rest].forEach(read);
        if (state.error) expect(isBackupError(state.error)).toBe(true);
        if (state.result?.kind === 'created') expect(new Date(state.result.backup.createdAt).getTime()).not.toBeNaN();
        if (state.result?.kind === 'verified') expect(typeof state.result.report).toBe('object');
        for (const file of state.partials) expect(path.dirname(path.resolve(file))).toBe('/data');
      }),
      { numRuns: 1_000 },
    );
  });

  // Whole answers, as this version's child gives them, of which some parts are something else.
  const report = {
    ...{
      name: 'a',
      level: 'drill',
      ok: true,
      problems: [],
      findings: [],
      uncheckedTables: [],
      sizeBytes: 1,
      sha256: 'x',
    },
    ...{
      durationMs: 1,
      recorded: true,
      path: '/a',
      method: 'copy',
      movedAside: ['/b'],
      pageCount: 1,
      journalMode: 'wal',
    },
    ...{
      plan: 'p',
      inserted: { t: 1 },
      relinked: {},
      overwritten: {},
      kept: {},
      skipped: {},
      conflictCount: 1,
      dryRun: true,
    },
    conflicts: [
      { table: 't', kind: 'key', key: [{ integer: '7' }], columns: ['x'], backup: { x: { blob: 'AA==' } }, live: {} },
    ],
    ...{
      triggers: ['t'],
      alsoChanged: [{ table: 't', count: 1 }],
      lostColumns: [],
      fullText: [{ table: 't', how: 'rebuilt' }],
    },
    ...{
      newKeys: [{ table: 't', from: 1, to: 2 }],
      assertions: [{ sql: 's', ok: false, error: 'e' }],
      lock: 'free',
      versions: {},
    },
  };
  const whole = {
    ...{
      report,
      facts: { tables: 1 },
      latest: { name: 'a', path: '/a', createdAt: '2026-01-01T00:00:00Z', sizeBytes: 1 },
    },
    ...{ backup: { name: 'a', path: '/a', createdAt: '2026-01-01T00:00:00Z', sizeBytes: 1 }, durationMs: 1 },
    result: { columns: ['x'], rows: [[1, { integer: '7' }]], truncated: false },
    diff: {
      ...{ from: 'a', to: 'live', schema: { added: [{ type: 'table', name: 't' }], removed: [], changed: [] } },
      tables: [
        {
          name: 't',
          added: 1,
          changed: 0,
          removed: 0,
          rows: [{ kind: 'added', key: [1], after: { x: { integer: '7' } } }],
        },
      ],
    },
  };
  const KINDS = ['created', 'fresh', 'verified', 'restored', 'inspected', 'probed', 'protected', 'diffed', 'recovered', 'queried']; // prettier-ignore
  const odd = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom<unknown>({ integer: 'x' }, { blob: 7 }, '\u001b[31m', [[{}]], { __proto__: null }),
  );

  /** Puts something else, or nothing, in the place of one part, however deep. */
  function spoil(part: unknown, path: readonly number[], other: unknown): unknown {
    if (path.length === 0 || typeof part !== 'object' || part === null) return other;
    const names = Object.keys(part);
    if (names.length === 0) return other;
    const name = names[path[0]! % names.length]!;
    const spoilt = spoil((part as Record<string, unknown>)[name], path.slice(1), other);
    return Array.isArray(part)
      ? part.map((each: unknown, i) => (String(i) === name ? spoilt : each))
      : { ...part, [name]: spoilt };
  }

  /** What the app does with an answer before anybody sees it. */
  function use(result: NonNullable<ChildState['result']>): void {
    if (result.kind === 'created') new Date(result.backup.createdAt).toISOString();
    if (result.kind === 'fresh') new Date(result.latest.createdAt).toISOString();
    if (result.kind === 'verified') {
      [result.report.problems, result.report.findings, result.report.uncheckedTables].map((each) => each.join('; '));
      result.report.assertions?.map(({ sql }) => sql.length);
    }
    if (result.kind === 'restored') result.report.movedAside.join(', ');
    if (result.kind === 'diffed') diffFromJson(result.diff).schema.changed.map(({ name }) => name.length);
    if (result.kind === 'recovered') Object.entries(recoverFromJson(result.report).inserted);
    if (result.kind === 'queried') queryFromJson(result.result).columns.join(', ');
  }

  test('whole answers are taken', () => {
    for (const kind of KINDS)
      expect(read(`${JSON.stringify({ type: 'result', result: { ...whole, kind } })}\n`)).toHaveLength(1);
  });

  test('an answer of which a part is something else is passed over, or can be used', () => {
    const paths = fc.array(fc.nat(20), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom(...KINDS), paths, odd, (kind, path, other) => {
        const state = new ChildState(requests[0]!);
        const take = messageReader((each) => state.take(each));
        take(`${JSON.stringify({ type: 'result', result: { ...(spoil(whole, path, other) as object), kind } })}\n`);
        if (state.result) use(state.result);
      }),
      { numRuns: 3_000 },
    );
  });

  test('an error of which a part is something else is passed over, or is told', () => {
    const error = {
      code: 'ERR_BACKUP_RECOVER_CONFLICT',
      what: 'w',
      step: 'plan',
      hint: 'h',
      cause: { message: 'm', code: 'c' },
      report,
    };
    fc.assert(
      fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 6 }), odd, (path, other) => {
        const state = new ChildState(requests[0]!);
        messageReader((each) => state.take(each))(
          `${JSON.stringify({ type: 'error', error: spoil(error, path, other) })}\n`,
        );
        if (!state.error) return;
        expect(isBackupError(state.error)).toBe(true);
        expect(state.error.step).toMatch(/^[a-z-]+$/);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a step with anything but letters is not one', () => {
    expect(read(`${JSON.stringify({ type: 'step', step: '\u001b[31mcopy\n' })}\n`)).toEqual([]);
  });

  test.each([
    ['/data/.app_backup_20261124_093000.0a1b.partial', true],
    ['/data/.app.db.0a1b2c3d4e5f.partial', true],
    ['/data/.app_backup_20261124_093000.0a1b.partial/..', false],
    ['/data/.app_backup_x/../../etc/x.partial', false],
    ['/data/app.db', false],
    ['/etc/.app_backup_x.partial', false],
    ['.app_backup_x.partial', false],
  ])('%s may be removed is %s', (file, expected) => {
    expect(isPartialOf(requests[0]!, file)).toBe(expected);
  });
});

describe('an error that crosses the pipe', () => {
  const cross = (error: BackupError) => errorFromWire(JSON.parse(JSON.stringify(errorToWire(error))) as never);

  test('has the same code, message, step and hint on the other side', () => {
    const error = new BackupError('ERR_BACKUP_NO_SPACE', 'No space left. Really.', {
      step: 'copy',
      hint: 'Free some.',
    });
    const { code, message, hint, step: where } = cross(error);
    expect({ code, message, hint, where }).toEqual({
      code: 'ERR_BACKUP_NO_SPACE',
      message: 'No space left. Really. Free some.',
      hint: 'Free some.',
      where: 'copy',
    });
    expect('cause' in cross(error)).toBe(false);
  });

  test.each<[string, unknown, object]>([
    [
      'a system error',
      Object.assign(new Error('disk full'), { code: 'ENOSPC' }),
      { message: 'disk full', code: 'ENOSPC' },
    ],
    ['an error without a code', new Error('no'), { message: 'no' }],
    ['a text', 'no', { message: 'no' }],
  ])('has as its cause an Error with the message and code of %s', (_what, cause, expected) => {
    const crossed = cross(new BackupError('ERR_BACKUP_WRITE_FAILED', 'No.', { step: 'copy', hint: 'Look.', cause }));
    expect(crossed.cause).toBeInstanceOf(Error);
    expect(crossed.cause).toMatchObject(expected);
    expect('code' in (crossed.cause as Error)).toBe('code' in expected);
  });
});
