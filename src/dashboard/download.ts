import fs from 'node:fs';
import { Readable } from 'node:stream';
import type { Context } from 'hono';
import type { Backup } from '../index.js';
import { HttpError } from './http-error.js';
import { parseRange } from './range.js';
import type { DashboardEnv, ServiceView } from './service-view.js';

const constants: Partial<typeof fs.constants> = fs.constants;
// Windows has neither of the two.
const OPEN_FLAGS = fs.constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Streams a finished backup. It is opened once and looked at through that descriptor, so that what is sent is what was
 * checked; deleted meanwhile, it is sent to its end all the same.
 */
export async function download(serviceView: ServiceView, c: Context<DashboardEnv>, name: string): Promise<Response> {
  const backup = await serviceView.operations.find(name);
  refuseDatabase(serviceView, backup);
  const file = await open(backup);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new HttpError('ERR_DASHBOARD_NOT_FOUND');
    const size = stats.size;
    // The hash is that of the file that the manifest describes.
    const sha256 = backup.manifest?.sizeBytes === size ? backup.sha256 : undefined;
    const etag = sha256 && `"${sha256}"`;
    const headers = new Headers({
      'Accept-Ranges': 'bytes',
      'Content-Type': 'application/vnd.sqlite3',
      'Content-Disposition': disposition(name),
      ...(etag && { ETag: etag, 'Repr-Digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:` }),
    });
    if (etag && c.req.header('if-none-match') === etag) return await answer(304, null);

    // A part fits only to the same file; of one without a hash nobody can tell.
    const ifRange = c.req.header('if-range');
    const resumable = ifRange === undefined || (etag !== undefined && ifRange === etag);
    const range = resumable ? parseRange(c.req.header('range'), size) : undefined;
    if (range === 'unsatisfiable') {
      headers.set('Content-Range', `bytes */${size}`);
      return await answer(416, null);
    }
    const { start, end } = range ?? { start: 0, end: size - 1 };
    if (range) headers.set('Content-Range', `bytes ${start}-${end}/${size}`);
    headers.set('Content-Length', String(end - start + 1));
    const status = range ? 206 : 200;
    if (c.req.raw.method === 'HEAD') return await answer(status, null);
    // Once for each file, not for each of the parts that a browser resumes it by.
    if (start === 0) await serviceView.service.recordActivity({ action: 'downloaded', name });
    const stream = file.createReadStream({ start, end, highWaterMark: 256 * 1024 });
    return c.newResponse(Readable.toWeb(stream) as ReadableStream, status, Object.fromEntries(headers));

    async function answer(code: 200 | 206 | 304 | 416, body: null): Promise<Response> {
      await file.close();
      return c.newResponse(body, code, Object.fromEntries(headers));
    }
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Law 1: closing a descriptor of the live database drops its locks, so not even a second name of it is opened. */
function refuseDatabase({ service }: ServiceView, backup: Backup): void {
  const database = fs.statSync(service.database, { throwIfNoEntry: false, bigint: true });
  const file = fs.lstatSync(backup.path, { throwIfNoEntry: false, bigint: true });
  const same = database && file && database.ino === file.ino && database.dev === file.dev;
  if (!file?.isFile() || same) throw new HttpError('ERR_DASHBOARD_NOT_FOUND');
}

async function open({ path }: Backup): Promise<fs.promises.FileHandle> {
  try {
    // Neither a link that was put there since the listing, nor a pipe that would never open.
    return await fs.promises.open(path, OPEN_FLAGS);
  } catch {
    throw new HttpError('ERR_DASHBOARD_NOT_FOUND');
  }
}

/** RFC 6266: a name for old clients without anything that could end it, and the exact one. */
function disposition(name: string): string {
  const plain = name.replace(/[^\w.-]/g, '_');
  const exact = encodeURIComponent(name).replace(/['()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}
