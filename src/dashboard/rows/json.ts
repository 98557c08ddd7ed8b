import { sqlToJson } from '../../util/sql-value.js';

/** A report with values of rows in it, as JSON has them: see `SqlJson`. */
export function rowsToJson(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'bigint' || value instanceof Uint8Array) return sqlToJson(value);
  if (Array.isArray(value)) return value.map(rowsToJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, rowsToJson(each)]));
}
