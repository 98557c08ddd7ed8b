import { BackupError } from 'sqlite-autobackup';
import { errorFromWire, errorToWire, messageReader } from '#dist/child/protocol.js';
import type { ChildMessage } from '#dist/child/protocol.js';

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
