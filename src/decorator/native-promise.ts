import { types } from 'node:util';

/**
 * A promise of the language, of any realm, with its own `then`: its work has begun already, and waiting for it starts
 * nothing. Query builders (Knex, Drizzle, Prisma) are not: their `then` starts the query.
 */
export function isNativePromise(value: unknown): value is Promise<unknown> {
  if (!types.isPromise(value)) return false;
  // The last prototype before Object.prototype is that realm's Promise.prototype.
  let base = value as object;
  for (let next = parentOf(base); next && parentOf(next); next = parentOf(base)) base = next;
  return base !== value && value.then === (base as Promise<unknown>).then;
}

/** Could `await` start something? */
export function isThenable(value: unknown): boolean {
  const kind = typeof value;
  return ((kind === 'object' && value !== null) || kind === 'function') && hasThen(value as object);
}

function hasThen(value: object): boolean {
  try {
    return typeof (value as { then?: unknown }).then === 'function';
  } catch {
    return false;
  }
}

function parentOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}
