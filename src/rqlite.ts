export { rqlite } from './sources/rqlite/rqlite.js';
export type { RqliteOptions } from './sources/rqlite/options.js';
