import { promisify, types } from 'node:util';
import 'reflect-metadata';
import { BackupError } from '../util/errors.js';
import { sameLayer } from './options.js';
import type { Layer } from './options.js';
import { protect } from './protect.js';
import type { AnyFunction } from './types.js';

/** Keyed by wrapper, since other decorators copy property marks. */
const wrapped = new WeakMap<AnyFunction, { readonly original: AnyFunction; readonly layers: readonly Layer[] }>();

/**
 * Own properties that do the same work in another way. By name, since others (`cancel`, a mock's methods) must stay as they
 * are: the variants of better-sqlite3's `db.transaction()`, promisify's, and those of lodash's `debounce()`, p-limit,
 * async's `memoize()` and Bottleneck's `wrap()`.
 */
const VARIANTS: readonly PropertyKey[] = [
  ...['default', 'deferred', 'immediate', 'exclusive', promisify.custom],
  ...['flush', 'map', 'unmemoized', 'withOptions'],
];

/**
 * The wrapper of `fn`, indistinguishable from it for frameworks: same kind (an async function stays one), name, length, own
 * properties and reflect-metadata, wherever they were put by decorators that ran before. A function that is protected already
 * gets one wrapper for both decorators; if the second asks for nothing else, it stays as it is.
 *
 * @param nameFor gives `'Class.method'` for the object that it is called on
 * @throws BackupError `ERR_BACKUP_DECORATOR` for a class or a generator
 */
export function wrap(fn: AnyFunction, layer: Layer, nameFor: (self: unknown) => string): AnyFunction {
  return wrapOnce(fn, layer, nameFor, new WeakMap());
}

/** @param made what was wrapped on the way here: variants refer to one another */
function wrapOnce(
  fn: AnyFunction,
  layer: Layer,
  nameFor: (self: unknown) => string,
  made: WeakMap<AnyFunction, AnyFunction>,
): AnyFunction {
  const known = wrapped.get(fn);
  if (known?.layers.some((other) => sameLayer(other, layer))) return fn;
  if (types.isGeneratorFunction(fn)) throw notAMethod(`the generator "${fn.name}"`);
  if (isClass(fn)) throw notAMethod(`the class "${fn.name}"`);

  const original = known?.original ?? fn;
  const layers = [layer, ...(known?.layers ?? [])] as const;
  const wrapper = protect(original, layers, nameFor);
  made.set(fn, wrapper);
  Object.setPrototypeOf(wrapper, Object.getPrototypeOf(fn) as object);
  for (const key of Reflect.ownKeys(fn)) {
    const property = Object.getOwnPropertyDescriptor(fn, key)!;
    const safe = (value: unknown): unknown =>
      // The function itself under another name, as in `module.exports.default = module.exports`, and its variants.
      typeof value === 'function' && (value === fn || VARIANTS.includes(key))
        ? (made.get(value as AnyFunction) ?? wrapOnce(value as AnyFunction, layer, nameFor, made))
        : value;
    if ('value' in property) property.value = safe(property.value);
    else if (VARIANTS.includes(key)) {
      property.get = function (this: unknown) {
        return safe(Reflect.get(fn, key, this));
      };
    }
    Object.defineProperty(wrapper, key, property);
  }
  for (const key of Reflect.getOwnMetadataKeys(fn) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, fn), wrapper);
  }
  wrapped.set(wrapper, { original, layers });
  return wrapper;
}

/** It could only be called with `new`. By its source, where a method of the name `class` reads `class(…) {`. */
function isClass(value: AnyFunction): boolean {
  return /^class(\s+[^\s(]|\s*\{)/.test(Function.prototype.toString.call(value));
}

export function notAMethod(
  what: string,
  hint = 'Put it on a method that returns a promise, or a value with { blocking: true }; wrap a function in withAutoBackup().',
): BackupError {
  return new BackupError('ERR_BACKUP_DECORATOR', `@AutoBackup() was put on ${what}.`, { step: 'decorate', hint });
}
