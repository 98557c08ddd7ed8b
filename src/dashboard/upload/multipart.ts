import { HttpError } from '../http-error.js';

// A form with a file, as browsers send it (RFC 7578), read as it arrives: nothing of a file is kept in memory. Hono's own reader
// keeps all of it.

/** One field of the form. Its body has to be read, or left by `return()`, before the next one comes. */
export interface Part {
  readonly name: string;
  /** Absent: it is a text. */
  readonly fileName: string | undefined;
  readonly body: AsyncGenerator<Buffer, void>;
}

/** More than browsers write above a field. */
const MAX_HEAD_BYTES = 8 * 1024;

/** The boundary in a Content-Type; `undefined`: it is no form with files. */
export function boundaryOf(contentType: string): string | undefined {
  const [, quoted, plain] =
    /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
  return quoted ?? plain;
}

/** @throws HttpError where it is no such form, or ends too early */
export async function* readParts(chunks: AsyncIterable<Uint8Array>, boundary: string): AsyncGenerator<Part, void> {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const source = chunks[Symbol.asyncIterator]();
  // The first boundary has no line before it.
  let kept: Buffer = Buffer.from('\r\n');

  const more = async (): Promise<void> => {
    const next = await source.next();
    if (next.done === true)
      throw Object.assign(new HttpError('ERR_DASHBOARD_BODY'), { message: 'the form ends too early' });
    kept = Buffer.concat([kept, next.value]);
  };
  async function take(bytes: number): Promise<Buffer> {
    while (kept.length < bytes) await more();
    const taken = kept.subarray(0, bytes);
    kept = kept.subarray(bytes);
    return taken;
  }
  async function* untilBoundary(): AsyncGenerator<Buffer, void> {
    for (;;) {
      const at = kept.indexOf(delimiter);
      const safe = at >= 0 ? at : Math.max(0, kept.length - delimiter.length + 1);
      const piece = kept.subarray(0, safe);
      kept = kept.subarray(at >= 0 ? safe + delimiter.length : safe);
      if (piece.length > 0) yield piece;
      if (at >= 0) return;
      await more();
    }
  }
  async function head(): Promise<string> {
    for (;;) {
      const end = kept.indexOf('\r\n\r\n');
      if (end >= 0) return (await take(end + 4)).toString('utf8');
      if (kept.length > MAX_HEAD_BYTES) throw new HttpError('ERR_DASHBOARD_BODY');
      await more();
    }
  }

  for await (const piece of untilBoundary()) if (piece.length > 0) throw new HttpError('ERR_DASHBOARD_BODY');
  while ((await take(2)).toString('latin1') === '\r\n') {
    const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(await head())?.[1];
    const name = disposition === undefined ? undefined : parameter(disposition, 'name');
    if (disposition === undefined || name === undefined) throw new HttpError('ERR_DASHBOARD_BODY');
    yield { name, fileName: parameter(disposition, 'filename'), body: untilBoundary() };
  }
}

/** Browsers write a quote as `%22`, and the ends of lines as `%0D` and `%0A`. */
function parameter(disposition: string, name: string): string | undefined {
  return new RegExp(`(?:^|;)\\s*${name}="([^"]*)"`, 'i')
    .exec(disposition)?.[1]
    ?.replace(/%22|%0D|%0A/gi, (code) => decodeURIComponent(code));
}
