// A thread beside a statement of the user's: see watched.ts.
import { workerData } from 'node:worker_threads';
import { send } from './steps.js';
import { LOOK_EVERY_MS } from './watched.js';
import type { Watch } from './watched.js';

const { mayHaveBytes, withinMs, error, over } = workerData as Watch;
/** How long the parent may take to end this process. Nobody else does, where it is gone. */
const GRACE_MS = 5_000;

const timer = setInterval(look, LOOK_EVERY_MS);
const end = performance.now() + withinMs + GRACE_MS;

function look(): void {
  if (Atomics.load(over, 0) !== 0) return clearInterval(timer);
  if (performance.now() > end) process.kill(process.pid, 'SIGKILL');
  if (process.memoryUsage.rss() <= mayHaveBytes) return;
  clearInterval(timer);
  send({ type: 'limit', withinMs: 0, error });
  // The statement still runs, and takes more: the parent is as good as told.
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), LAST_WORDS_MS);
}

/** For the parent to read the message and to end this process itself, so that it removes what is unfinished. */
const LAST_WORDS_MS = 1_000;
