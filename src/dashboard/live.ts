import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { SSEStreamingApi } from 'hono/streaming';
import type { DashboardEnv } from './service-view.js';
import type { ActivityFeed, WatchEvent } from './watch.js';
import { clearInterval, clearTimeout, setInterval, setTimeout } from '../util/timers.js';

/** A connection that has lived this long is ended, and the browser makes a new one: none outlives its login for long. */
const MAX_MS = 60_000;
const BEAT_MS = 15_000;
const CLOSING_MS = 500;

/** The answer that goes on: what `watch` tells, as server-sent events. */
export function eventStream(c: Context<DashboardEnv>, watch: Pick<ActivityFeed, 'subscribe'>): Response {
  // Nobody reads the body of an answer to HEAD, so nobody would end it.
  if (c.req.raw.method === 'HEAD') return c.body(null, 200, { 'Content-Type': 'text/event-stream' });
  const answer = streamSSE(c, (stream) => follow(watch, stream, c.env.isServing));
  // A connection that is kept alive would delay the closing of the server.
  answer.headers.set('Connection', 'close');
  return answer;
}

/** Sends what `watch` tells to one live page, until it leaves, its time is up or the server closes. */
function follow(
  watch: Pick<ActivityFeed, 'subscribe'>,
  stream: SSEStreamingApi,
  isServing: () => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      unsubscribe();
      clearInterval(beat);
      clearInterval(closing);
      clearTimeout(life);
      resolve();
    };
    let last = '';
    const send = (event: WatchEvent): void => {
      const data = JSON.stringify(event);
      // An event equal to the last one is not sent again, except that something changed.
      if (data === last && event.type !== 'changed') return;
      last = data;
      stream.writeSSE({ event: event.type, data }).catch(end);
    };
    const unsubscribe = watch.subscribe(send);
    const beat = setInterval(() => void stream.write(': still here\n\n').catch(end), BEAT_MS);
    const closing = setInterval(() => {
      if (!isServing()) end();
    }, CLOSING_MS);
    const life = setTimeout(end, MAX_MS);
    stream.onAbort(end);
  });
}
