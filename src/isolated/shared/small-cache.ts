import type { Database } from 'better-sqlite3';
import { pastForeignSchema } from './foreign-schema.js';

/**
 * For connections that read each page once: a cache that stays in the processor's own. With SQLite's 16 MB, copying and
 * checking take a tenth longer (docs/benchmarks.md).
 */
export function useSmallCache(db: Database): void {
  pastForeignSchema(db, () => db.pragma('cache_size = -256'));
}
