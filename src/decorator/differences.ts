import { show } from '../util/show.js';

/** Options whose value may be printed: they hold no secret. */
const PRINTABLE = new Set([
  'database',
  'directory',
  'interval',
  'verify',
  'onFailure',
  'retryAfter',
  'timeout',
  'recheckInterval',
  'enabled',
  'verifyEvery',
]);

/**
 * Lists the differences between two sets of options, each as a part of a sentence. Functions and instances that were made twice by
 * the same code are equal, as after a hot reload: a logger, a store, a policy of `keep()` with the same rules.
 */
export function differences(first: object, second: unknown): string[] {
  if (typeof second !== 'object' || second === null) return [`the options are ${show(second)} now`];
  const [a, b] = [first as Record<string, unknown>, second as Record<string, unknown>];
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return keys
    .filter((key) => !(ONLY_KIND.has(key) ? sameKind : alike)(a[key], b[key]))
    .map((key) =>
      PRINTABLE.has(key) ? `${key} was ${show(a[key])}, and is ${show(b[key])} now` : `${key} is another one`,
    );
}

/** They have a state, or half the app behind them: only their class and their functions are compared. */
const ONLY_KIND = new Set(['logger', 'snapshotter']);

function sameKind(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  const functionsOf = (value: object): string =>
    Object.entries(value)
      .filter(([, part]) => typeof part === 'function')
      .map(([key, part]) => `${key} ${String(part)}`)
      .join();
  return nameOfClass(a) === nameOfClass(b) && functionsOf(a) === functionsOf(b);
}

/** @param seen what is being compared already: an object may contain itself */
function alike(a: unknown, b: unknown, seen = new Set<object>()): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== typeof b || a === null || b === null) return false;
  if (typeof a === 'function') return sourceOf(a) === sourceOf(b as typeof a) && alikeParts(a, b as object, seen);
  return typeof a === 'object' && alikeParts(a, b as object, seen);
}

/** The parts that the code which made it has put in: own properties, and the class. */
function alikeParts(a: object, b: object, seen: Set<object>): boolean {
  if (seen.has(a)) return true;
  seen.add(a);
  if (nameOfClass(a) !== nameOfClass(b)) return false;
  const keys = Reflect.ownKeys(a).filter((key) => key !== 'prototype');
  if (keys.length !== Reflect.ownKeys(b).filter((key) => key !== 'prototype').length) return false;
  if (a instanceof Date && b instanceof Date) return a.getTime() === b.getTime();
  return keys.every((key) => Object.hasOwn(b, key) && alike(partOf(a, key), partOf(b, key), seen));
}

function sourceOf(fn: object): string {
  return Function.prototype.toString.call(fn);
}

/** Getters are left alone. */
function partOf(value: object, key: PropertyKey): unknown {
  return Object.getOwnPropertyDescriptor(value, key)?.value as unknown;
}

function nameOfClass(value: object): string | undefined {
  return (Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name;
}
