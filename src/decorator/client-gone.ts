/** What is asked of an answer over HTTP: Node's own, that of HTTP/2, and those of Express, Nest and others are such. */
export interface ClosableResponse {
  readonly destroyed: boolean;
  readonly writableEnded: boolean;
  /** Node's EventEmitter has it. */
  once(event: 'close', listener: () => void): unknown;
}

/**
 * A signal that aborts when the client closes the connection before the answer was sent. A protected method that still waits
 * for its backup then does not run, as nobody would learn that it has.
 *
 * @param response the answer, as Node makes it: in Fastify it is `reply.raw`
 * @example withAutoBackup(handler, { signal: (_self, _request, response) => clientGone(response) });
 */
export function clientGone(response: ClosableResponse): AbortSignal {
  const controller = new AbortController();
  const look = (): void => {
    if (!response.writableEnded) controller.abort(new Error('the client has closed the connection'));
  };
  if (response.destroyed) look();
  else response.once('close', look);
  return controller.signal;
}
