import type { Fields } from '../body.js';
import { HttpError } from '../http-error.js';
import { clearTimeout, setTimeout } from '../../util/timers.js';
import { boundaryOf, readParts } from './multipart.js';

/** A file on its way. */
export interface Incoming {
  readonly fields: Fields;
  readonly fileName: string;
  /** How many bytes are to come, at most; absent where the client does not say. */
  readonly sizeBytes: number | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  /**
   * Resolves when the client has sent all of it, or is not worth waiting for: a browser shows no answer before that. Of what nobody
   * wants, so much is read and dropped.
   */
  readonly finish: () => Promise<void>;
}

/** Nothing has come for so long: the client has gone, or only holds the connection. */
const STALL_MS = 30_000;
/** How much of a file that was refused is still taken off the line, so that its sender sees why. */
const DROPPED_BYTES = 256 * 1024 * 1024;
/** A text of the form that stands before the file. */
const MAX_FIELD_BYTES = 4 * 1024;

const FILE_TYPES = new Set(['application/vnd.sqlite3', 'application/x-sqlite3', 'application/octet-stream']);

/**
 * Reads a request up to where its file begins: a form, whose texts come before the file, or the bytes alone, with the rest in the
 * address.
 *
 * @throws HttpError `ERR_DASHBOARD_BODY_TOO_LARGE`, `…_BODY_TYPE`, `…_BODY`, `…_BODY_TIMEOUT`
 */
export async function readIncoming(
  request: Request,
  query: Fields,
  maxBytes: number,
  stallMs = STALL_MS,
): Promise<Incoming> {
  const line = lineOf(request, stallMs);
  const length = request.headers.get('content-length');
  const sizeBytes = length === null ? undefined : Number(length);
  const type = request.headers.get('content-type') ?? '';
  try {
    // The form around the file takes some bytes too.
    if (sizeBytes !== undefined && sizeBytes > maxBytes + 64 * 1024)
      throw new HttpError('ERR_DASHBOARD_BODY_TOO_LARGE');
    const boundary = boundaryOf(type);
    if (boundary !== undefined) return { ...(await readForm(line.chunks, boundary)), sizeBytes, finish: line.drop };
    if (!FILE_TYPES.has(type.split(';')[0]!.trim().toLowerCase())) throw new HttpError('ERR_DASHBOARD_BODY_TYPE');
    const { name } = query;
    const fileName = typeof name === 'string' ? name : '';
    return { fields: query, fileName, sizeBytes, body: line.chunks, finish: line.drop };
  } catch (error) {
    await line.drop();
    throw error;
  }
}

async function readForm(
  chunks: AsyncIterable<Uint8Array>,
  boundary: string,
): Promise<Pick<Incoming, 'fields' | 'fileName' | 'body'>> {
  const fields: Record<string, string> = {};
  const parts = readParts(chunks, boundary);
  for (;;) {
    const next = await parts.next();
    if (next.done === true) throw new HttpError('ERR_DASHBOARD_BODY');
    const part = next.value;
    if (part.fileName === undefined) {
      fields[part.name] = await textOf(part.body);
      continue;
    }
    return { fields, fileName: part.fileName, body: part.body };
  }
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  let text = Buffer.alloc(0);
  for await (const piece of body) {
    text = Buffer.concat([text, piece]);
    if (text.length > MAX_FIELD_BYTES) throw new HttpError('ERR_DASHBOARD_BODY');
  }
  return text.toString('utf8');
}

/** The bytes of a request, which must not stand still, and a way to be done with them. */
function lineOf({ body }: Request, stallMs: number): { chunks: AsyncIterable<Uint8Array>; drop: () => Promise<void> } {
  const reader = body?.getReader();
  let ended = !reader;
  async function read(): Promise<Uint8Array | undefined> {
    if (ended || !reader) return undefined;
    let timer: NodeJS.Timeout | undefined;
    const stalled = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`nothing arrived for ${stallMs / 1000} s`)), stallMs);
      timer.unref();
    });
    try {
      const { done, value } = (await Promise.race([reader.read(), stalled])) as { done: boolean; value?: Uint8Array };
      ended = done;
      return value;
    } catch (error) {
      ended = true;
      reader.cancel().catch(() => {});
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
  // Not a generator: whoever leaves it early must not close it, since `drop` goes on.
  const chunks: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const value = await read();
        return value === undefined ? { done: true, value: undefined } : { done: false, value };
      },
    }),
  };
  return {
    chunks,
    async drop() {
      try {
        for (let bytes = 0; !ended && bytes < DROPPED_BYTES;) bytes += (await read())?.byteLength ?? 0;
      } catch {
        // It is gone: nobody waits for an answer.
      }
      if (!ended) reader?.cancel().catch(() => {});
      ended = true;
    },
  };
}
