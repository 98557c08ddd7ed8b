import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { AssertionResult } from '../../catalog/manifest.js';

let stuck = false;

/** Does a thread run that nothing but the end of this process can stop? */
export function hasStuckThread(): boolean {
  return stuck;
}

/** Asks them one after the other, of a database that they can't change. One that does not end in time has failed. */
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
      const open = assertions.slice(results.length).map((sql, i) => ({
        sql,
        ok: false,
        error: i === 0 ? error : 'it was not asked, since the one before did not end',
      }));
      resolve([...results, ...open]);
    };
    const timer = setTimeout(() => {
      stuck = true;
      worker.unref();
      end(`it did not end within ${Math.round(budgetMs / 100) / 10} s`);
    }, budgetMs);
    worker.on('message', (result: AssertionResult) => results.push(result));
    worker.once('error', (error) => end(error.message));
    worker.once('exit', () => end('its thread ended without an answer'));
  });
}
