import { isRecord } from '../util/is-record.js';
import { isMessage } from './message-shapes.js';
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
