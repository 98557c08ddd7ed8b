import { HttpError } from './http-error.js';
import { isRecord } from '../util/is-record.js';
import { clearTimeout, setTimeout } from '../util/timers.js';

/** The largest body is a label; the slowest comes over a phone. */
const MAX_BYTES = 16 * 1024;
const MAX_MS = 10_000;

/** The fields of a form, or of a JSON object. */
export type Fields = Readonly<Record<string, unknown>>;

/** Reads the fields; there are none where there is no body. */
export async function readFields(request: Request, maxMs = MAX_MS): Promise<Fields> {
  if (Number(request.headers.get('content-length')) > MAX_BYTES) throw new HttpError('ERR_DASHBOARD_BODY_TOO_LARGE');
  const text = await readText(request, maxMs);
  if (text === '') return {};
  const type = request.headers.get('content-type')?.split(';')[0]!.trim().toLowerCase();
  if (type === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(text));
  if (type === 'application/json') return parseObject(text);
  throw new HttpError('ERR_DASHBOARD_BODY_TYPE');
}

async function readText(request: Request, maxMs: number): Promise<string> {
  const reader = request.body?.getReader();
  if (!reader) return '';
  let timer: NodeJS.Timeout | undefined;
  const tooSlow = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HttpError('ERR_DASHBOARD_BODY_TIMEOUT')), maxMs);
  });
  const chunks: Uint8Array[] = [];
  try {
    for (let bytes = 0; ;) {
      const { done, value } = (await Promise.race([reader.read(), tooSlow])) as { done: boolean; value?: Uint8Array };
      if (done || !value) return Buffer.concat(chunks).toString('utf8');
      bytes += value.byteLength;
      if (bytes > MAX_BYTES) throw new HttpError('ERR_DASHBOARD_BODY_TOO_LARGE');
      chunks.push(value);
    }
  } catch (error) {
    // This is not awaited: the server drains or cuts off the rest.
    reader.cancel().catch(() => {});
    throw error instanceof HttpError ? error : new HttpError('ERR_DASHBOARD_BODY');
  } finally {
    clearTimeout(timer);
  }
}

function parseObject(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // Answered below.
  }
  throw new HttpError('ERR_DASHBOARD_BODY');
}
