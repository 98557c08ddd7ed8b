import { classNameOf } from './label.js';
import type { Layer } from './options.js';
import type { AnyFunction } from './types.js';
import { notAMethod, wrap } from './wrap-function.js';

/**
 * Puts the wrapper in the method's place, whichever dialect calls: legacy passes `(target, key, descriptor)`, TC39
 * `(method, context)`.
 *
 * @throws BackupError `ERR_BACKUP_DECORATOR` on anything but a method that can be replaced
 */
export function decorateMethod(args: readonly unknown[], layer: Layer): unknown {
  const [first, second, third] = args;
  if (isContext(second)) {
    const name = String(second.name);
    if (second.kind !== 'method' || typeof first !== 'function') throw notAMethod(`the ${second.kind} "${name}"`);
    // The class does not exist yet, so its name is asked of the object that the method is called on.
    return wrap(first as AnyFunction, layer, (self) => `${classNameOf(self)}.${name}`);
  }

  if (second === undefined) {
    throw notAMethod(typeof first === 'function' ? `the class "${classNameOf(first)}"` : 'no method');
  }
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- a string or a symbol
  const name = `${classNameOf(first)}.${String(second)}`;
  if (typeof third === 'number') throw notAMethod(`a parameter of "${name}"`);
  return decorateLegacy(
    { target: first as object, key: second as PropertyKey, name },
    third as PropertyDescriptor,
    layer,
  );
}

function decorateLegacy(
  { target, key, name }: { readonly target: object; readonly key: PropertyKey; readonly name: string },
  descriptor: PropertyDescriptor | undefined,
  layer: Layer,
): PropertyDescriptor {
  if (!descriptor) throw notAMethod(`the field "${name}"`);
  const own = Object.getOwnPropertyDescriptor(target, key);
  if (descriptor.get || descriptor.set) {
    if (typeof own?.value !== 'function') throw notAMethod(`the accessor "${name}"`);
    const hint = 'Put @AutoBackup() below that decorator, next to the method.';
    throw notAMethod(`"${name}", of which a decorator below it has made an accessor`, hint);
  }
  if (typeof descriptor.value !== 'function') throw notAMethod(`the field "${name}"`);
  const original = descriptor.value as AnyFunction;
  const value = wrap(original, layer, () => name);
  if (value === original) return descriptor;
  if (own && !own.configurable && !own.writable) {
    const hint = 'Put @AutoBackup() below the decorator that seals it, next to the method.';
    throw notAMethod(`"${name}", which is sealed: it is neither writable nor configurable`, hint);
  }
  // Changed, returned and put in place: Nest's applyDecorators() ignores what a decorator returns, and Ts.ED's
  // @Intercept() above ignores both and takes the method that it finds in the class.
  const replaced = Object.isFrozen(descriptor) ? { ...descriptor, value } : Object.assign(descriptor, { value });
  if (own?.value === original) Reflect.defineProperty(target, key, replaced);
  return replaced;
}

function isContext(value: unknown): value is { kind: string; name: string | symbol } {
  return typeof value === 'object' && value !== null && typeof (value as { kind?: unknown }).kind === 'string';
}
