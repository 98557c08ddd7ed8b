import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { AssertionResult } from '../../catalog/manifest.js';
import { LOOK_EVERY_MS, MAX_STATEMENT_BYTES, TOO_MUCH_MEMORY } from '../shared/watched.js';

let stuck = false;

/** Does a thread run that nothing but the end of this process can stop? */
export function hasStuckThread(): boolean {
  return stuck;
}

/**
 * Asks them one after the other, of a database that they can't change. One that does not end in time, or takes too much memory,
 * has failed.
 */
export function askAssertions(
  file: string,
  assertions: readonly string[],
  budgetMs: number,
): Promise<AssertionResult[]> {
  if (assertions.length === 0) return Promise.resolve([]);
  return new Promise((resolve) => {
    const results: AssertionResult[] = [];
    const worker = new Worker(path.join(__dirname, 'assertions-thread.js'), { workerData: { file, assertions } });
    const end = (error: string): void => {
      clearTimeout(timer);
      clearInterval(watch);
      const open = assertions.slice(results.length).map((sql, i) => ({
        sql,
        ok: false,
        error: i === 0 ? error : 'it was not asked, since the one before did not end',
      }));
      resolve([...results, ...open]);
    };
    // No thread can be stopped in the middle of a statement: this process is, when it has told what was found.
    const giveUp = (error: string): void => {
      stuck = true;
      worker.unref();
      end(error);
    };
    const timer = setTimeout(() => giveUp(`it did not end within ${Math.round(budgetMs / 100) / 10} s`), budgetMs);
    const mayHave = process.memoryUsage.rss() + MAX_STATEMENT_BYTES;
    const watch = setInterval(() => {
      if (process.memoryUsage.rss() > mayHave) giveUp(TOO_MUCH_MEMORY);
    }, LOOK_EVERY_MS);
    worker.on('message', (result: AssertionResult) => results.push(result));
    worker.once('error', (error) => end(error.message));
    worker.once('exit', () => end('its thread ended without an answer'));
  });
}
