import type { ChildMessage } from './protocol.js';

/** A line without an end that is longer than this is not a message, and is not kept. */
const MAX_LINE = 64 * 1024 * 1024;

/** Splits what arrives in chunks into whole lines. Lines that are not a message (a stray print) are passed over. */
export function messageReader(onMessage: (message: ChildMessage) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    if (rest.length > MAX_LINE) rest = '';
    for (const line of lines) {
      const message = parseLine(line);
      if (message) onMessage(message);
    }
  };
}

function parseLine(line: string): ChildMessage | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) && isMessage(value) ? (value as unknown as ChildMessage) : undefined;
  } catch {
    return undefined;
  }
}

type Json = Readonly<Record<string, unknown>>;

/** Rejects messages of another version's child that this version cannot handle. */
function isMessage(value: Json): boolean {
  switch (value['type']) {
    case 'step':
      return typeof value['step'] === 'string';
    case 'progress':
      return isCount(value['doneBytes']) && isCount(value['totalBytes']);
    case 'partial':
      return typeof value['path'] === 'string';
    case 'result':
      return isRecord(value['result']) && isResult(value['result']);
    case 'limit':
      return isCount(value['withinMs']) && isRecord(value['error']) && isWireError(value['error']);
    case 'error':
      return isRecord(value['error']) && isWireError(value['error']);
    default:
      return false;
  }
}

function isResult(result: Json): boolean {
  switch (result['kind']) {
    case 'created':
      return isWireBackup(result['backup']) && isCount(result['durationMs']);
    case 'fresh':
      return isWireBackup(result['latest']);
    case 'verified':
    case 'probed':
    case 'restored':
      return isRecord(result['report']);
    case 'inspected':
      return 'facts' in result;
    default:
      return typeof result['kind'] === 'string';
  }
}

function isWireBackup(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value['name'] === 'string' &&
    typeof value['path'] === 'string' &&
    typeof value['createdAt'] === 'string' &&
    !Number.isNaN(Date.parse(value['createdAt'])) &&
    isCount(value['sizeBytes'])
  );
}

function isWireError({ code, what, step, hint, cause }: Json): boolean {
  const texts = [
    code,
    what,
    step,
    hint,
    ...(cause === undefined ? [] : isRecord(cause) ? [cause['message'], cause['code']] : [0]),
  ];
  return texts.every((text) => typeof text === 'string');
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
