import path from 'node:path';
import fc from 'fast-check';
import { BackupError, isBackupError } from 'sqlite-autobackup';
import { ChildState, isPartialOf } from '#dist/child/run-child.js';
import { errorFromWire, errorToWire } from '#dist/child/protocol.js';
import { messageReader } from '#dist/child/read-messages.js';
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
