import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream/promises';
import { clearTimeout, setTimeout } from '../../util/timers.js';

/** How to speak to the nodes. Node's `fetch` takes no certificate authority of one's own, so this is `node:http(s)`. */
export interface Connection {
  readonly tls: https.RequestOptions;
  readonly authorization: string | undefined;
  /** How long a node may keep silent. */
  readonly silenceMs: number;
}

export interface Question {
  readonly method: 'GET' | 'POST';
  /** With its query. */
  readonly path: string;
  readonly json?: unknown;
  /** A file that is sent as it is. */
  readonly file?: {
    readonly path: string;
    readonly sizeBytes: number;
    readonly onProgress: (doneBytes: number) => void;
  };
  /** The node may work for long before it begins to answer; until then it is silent only if it answers nothing else either. */
  readonly slow?: boolean;
}

/** The node did not answer in time, or stopped in the middle. */
class Silent extends Error {
  readonly code = 'ETIMEDOUT';
}

/** Asks one node. The answer's body is read by the caller; a node that falls silent makes reading it throw `Silent`. */
export async function ask(node: string, question: Question, connection: Connection): Promise<http.IncomingMessage> {
  const { json, file } = question;
  const body = json === undefined ? undefined : JSON.stringify(json);
  const headers: Record<string, string> = {
    ...(connection.authorization !== undefined && { authorization: connection.authorization }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(file && { 'content-type': 'application/octet-stream', 'content-length': String(file.sizeBytes) }),
  };
  const url = new URL(question.path, node);
  const { request } = url.protocol === 'https:' ? https : http;
  // A connection of its own: one that was kept alive may belong to a node that is gone.
  const asking = request(url, { method: question.method, headers, agent: false, ...connection.tls });
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    asking.on('response', resolve);
    asking.on('error', reject);
  });
  answered.catch(() => {});
  watchSilence(asking, node, question.slow === true, connection);
  if (file) await send(file, asking).catch((error: unknown) => void asking.destroy(error as Error));
  else asking.end(body);
  return answered;
}

/** The whole body of a short answer. */
export async function textOf(answer: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_TEXT_BYTES) throw new Error(`the answer is longer than ${MAX_TEXT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const MAX_TEXT_BYTES = 64 * 1024 * 1024;

async function send({ path, onProgress }: NonNullable<Question['file']>, into: http.ClientRequest): Promise<void> {
  let sent = 0;
  const counted = fs.createReadStream(path).on('data', (chunk) => onProgress((sent += chunk.length)));
  await pipeline(counted, into);
}

/** Ends a request when nothing has come or gone for so long. */
function watchSilence(asking: http.ClientRequest, node: string, slow: boolean, connection: Connection): void {
  const { silenceMs } = connection;
  let seen = -1;
  let mayWork = slow;
  asking.on('response', () => (mayWork = false));
  let timer = setTimeout(look, silenceMs);
  const giveUp = (): void =>
    void asking.destroy(new Silent(`${new URL(node).host} was silent for ${silenceMs / 1000} s`));
  function look(): void {
    const { socket } = asking;
    const moved = (socket?.bytesRead ?? 0) + (socket?.bytesWritten ?? 0);
    const again = (): void => void (timer = setTimeout(look, silenceMs));
    if (moved !== seen) {
      seen = moved;
      again();
    } else if (!mayWork) giveUp();
    else void isAwake(node, connection).then((awake) => (asking.destroyed ? undefined : awake ? again() : giveUp()));
  }
  asking.on('close', () => clearTimeout(timer));
}

/** Does the node answer anything at all? Whatever it says. */
async function isAwake(node: string, connection: Connection): Promise<boolean> {
  try {
    const answer = await ask(node, { method: 'GET', path: '/readyz?noleader' }, connection);
    answer.destroy();
    return true;
  } catch {
    return false;
  }
}
