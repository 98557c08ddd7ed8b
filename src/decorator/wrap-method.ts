/* eslint-disable @typescript-eslint/no-explicit-any -- a method of any class with any parameters is wrapped here */
import 'reflect-metadata';
import { BackupError } from '../util/errors.js';

export type AnyFunction = (this: any, ...args: any[]) => any;

/** A method that returns a promise. `any` passes; `Promise<T> | T` does not. */
export type AsyncFunction = (this: any, ...args: any[]) => PromiseLike<any>;

/** A function of any kind but a generator. */
export type PlainFunction<F extends AnyFunction> = ReturnType<F> extends Generator | AsyncGenerator ? never : F;

/**
 * What `@AutoBackup()` is to the compiler: a decorator for methods that return a promise, in both dialects. Fields,
 * accessors, classes and parameters have other shapes, and so do methods that return anything else.
 */
export interface AsyncMethodDecorator<This> {
  /** TC39 (TypeScript without `experimentalDecorators`) */
  <T extends This, F extends AsyncFunction>(method: F, context: ClassMethodDecoratorContext<T, F>): F;
  /** legacy (`experimentalDecorators`) */
  <F extends AsyncFunction>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F>,
  ): TypedPropertyDescriptor<F>;
}

/** What `@AutoBackup({ blocking: true })` is: for methods that return anything but a generator. */
export interface AnyMethodDecorator<This> {
  <T extends This, F extends AnyFunction>(method: F & PlainFunction<F>, context: ClassMethodDecoratorContext<T, F>): F;
  <F extends AnyFunction>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F> & TypedPropertyDescriptor<PlainFunction<F>>,
  ): TypedPropertyDescriptor<F>;
}

/** Makes the function that takes the original's place. `nameFor` gives `'Class.method'` for the object it is called on. */
export type MakeWrapper = (original: AnyFunction, nameFor: (self: unknown) => string) => AnyFunction;

/** Keyed by function, since other wrappers copy property marks. */
const wrappers = new WeakSet<AnyFunction>();

/**
 * Puts the wrapper in the method's place, whichever dialect calls: legacy passes `(target, key, descriptor)`, TC39
 * `(method, context)`.
 *
 * @throws BackupError `ERR_BACKUP_DECORATOR` on anything but a method
 */
export function decorateMethod(args: readonly unknown[], makeWrapper: MakeWrapper): unknown {
  const [first, second, third] = args;
  if (isContext(second)) {
    const name = String(second.name);
    if (second.kind !== 'method' || typeof first !== 'function') throw notAMethod(`the ${second.kind} "${name}"`);
    // The class does not exist yet, so its name is asked of the object that the method is called on.
    return wrap(first as AnyFunction, makeWrapper, (self) => `${classNameOf(self)}.${name}`);
  }

  if (second === undefined) throw notAMethod(typeof first === 'function' ? `the class "${first.name}"` : 'no method');
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- a string or a symbol
  const name = `${classNameOf(first)}.${String(second)}`;
  if (typeof third === 'number') throw notAMethod(`a parameter of "${name}"`);
  const descriptor = third as PropertyDescriptor | undefined;
  if (!descriptor) throw notAMethod(`the field "${name}"`);
  if (descriptor.get || descriptor.set) throw notAMethod(`the accessor "${name}"`);
  if (typeof descriptor.value !== 'function') throw notAMethod(`the field "${name}"`);
  // Changed, returned and put in place: Nest's applyDecorators() ignores what a decorator returns, and Ts.ED's
  // @Intercept() above ignores both and takes the method that it finds in the class.
  const original = descriptor.value as AnyFunction;
  descriptor.value = wrap(original, makeWrapper, () => name);
  if (Object.getOwnPropertyDescriptor(first, second as string)?.value === original) {
    Reflect.defineProperty(first as object, second as string, descriptor);
  }
  return descriptor;
}

/**
 * The wrapper of `original`, indistinguishable from it for frameworks: same name, length, own properties and
 * reflect-metadata, wherever they were put by decorators that ran before. A function that is wrapped already stays as it
 * is. Only a `function` works here: an arrow has no `this`, and a Proxy is another key for metadata.
 */
export function wrap(original: AnyFunction, makeWrapper: MakeWrapper, nameFor: (self: unknown) => string): AnyFunction {
  if (wrappers.has(original)) return original;
  const kind = Object.prototype.toString.call(original);
  if (kind.includes('GeneratorFunction')) throw notAMethod(`the generator "${original.name}"`);
  if (isClass(original)) throw notAMethod(`the class "${original.name}"`);

  const wrapper = makeWrapper(original, nameFor);
  for (const key of Reflect.ownKeys(original)) {
    Object.defineProperty(wrapper, key, Object.getOwnPropertyDescriptor(original, key)!);
  }
  for (const key of Reflect.getOwnMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, original), wrapper);
  }
  wrappers.add(wrapper);
  return wrapper;
}

/** It could only be called with `new`. By its source, where a method of the name `class` reads `class(…) {`. */
function isClass(value: AnyFunction): boolean {
  return /^class(\s+[^\s(]|\s*\{)/.test(Function.prototype.toString.call(value));
}

function isContext(value: unknown): value is { kind: string; name: string | symbol } {
  return typeof value === 'object' && value !== null && typeof (value as { kind?: unknown }).kind === 'string';
}

/** Of an instance, a prototype, or (for a static method) the class itself. */
function classNameOf(self: unknown): string {
  const owner = typeof self === 'function' ? self : (self as object | null | undefined)?.constructor;
  return owner?.name || '(anonymous)';
}

function notAMethod(what: string): BackupError {
  return new BackupError('ERR_BACKUP_DECORATOR', `@AutoBackup() was put on ${what}.`, {
    step: 'decorate',
    hint: 'Put it on a method that returns a promise, or a value with { blocking: true }; wrap a function in withAutoBackup().',
  });
}
