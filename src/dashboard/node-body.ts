import type { IncomingMessage } from 'node:http';

/**
 * The body of a request, also of one that a body parser of the app (Express, Nest) has read already: then it is made anew
 * from what the parser has left in `request.body`.
 */
export function bodyOf(incoming: IncomingMessage, raw: Request): string | Uint8Array | ReadableStream | undefined {
  if (raw.method === 'GET' || raw.method === 'HEAD') return undefined;
  if (!incoming.readableDidRead) return raw.body ?? undefined;
  const parsed = (incoming as { body?: unknown }).body;
  if (parsed === undefined || parsed === null) return undefined;
  if (typeof parsed === 'string' || parsed instanceof Uint8Array) return parsed;
  const isForm = incoming.headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
  return isForm ? formOf(parsed) : JSON.stringify(parsed);
}

function formOf(fields: object): string {
  const texts = Object.entries(fields).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return new URLSearchParams(texts).toString();
}
