/* eslint-disable @typescript-eslint/no-explicit-any -- a method of any class with any parameters is protected here */
import type { AutoBackupOptions } from './options.js';

export type AnyFunction = (this: any, ...args: any[]) => any;

/** A method that returns a promise of the language. `any` passes; `Promise<T> | T` and `PromiseLike<T>` do not. */
export type AsyncFunction = (this: any, ...args: any[]) => Promise<any>;

/** The type in the place of a decorator's result where it may not stand: the compiler's sentence prints `Why`. */
export interface Refused<Why extends string> {
  readonly refused: Why;
}

type IsAny<T> = 0 extends 1 & T ? true : false;

/** `true`, or why a function cannot be protected. */
type Protection<Blocking, F extends AnyFunction> =
  IsAny<F> extends true
    ? true
    : F extends AsyncFunction
      ? true
      : ReturnType<F> extends Generator | AsyncGenerator
        ? Refused<'A generator cannot be protected.'>
        : Blocking extends true
          ? true
          : Refused<'It returns no promise: make it async, or pass { blocking: true }.'>;

/** The type that `withAutoBackup()` requires of its function besides its own. */
export type Protectable<Blocking, F extends AnyFunction> =
  Protection<Blocking, F> extends true ? unknown : Protection<Blocking, F>;

type Callback = 'service' | 'label' | 'when' | 'signal';

/** The options whose function does not take the method's `this` and arguments. */
type Misfits<Options, This, F extends AnyFunction> = {
  [Key in keyof Options & Callback]: Extract<Options[Key], AnyFunction> extends (
    self: This,
    ...args: Parameters<F>
  ) => unknown
    ? never
    : Key;
}[keyof Options & Callback];

type Decorated<Options, This, F extends AnyFunction, Result> =
  Protection<Options extends { blocking: true } ? true : false, F> extends true
    ? IsAny<F> extends true
      ? Result
      : [Misfits<Options, This, F>] extends [never]
        ? Result
        : Refused<`The option "${Misfits<Options, This, F> & string}" takes another "this", or other arguments, than the method.`>
    : Protection<Options extends { blocking: true } ? true : false, F>;

/**
 * The decorator that `@AutoBackup(options)` makes, in both dialects: for methods that return a promise, or with
 * `blocking: true` anything but a generator. Fields, accessors, classes and parameters have other shapes.
 */
export interface AutoBackupDecorator<Options> {
  /** TC39 (TypeScript without `experimentalDecorators`) */
  <This, F extends AnyFunction>(
    method: F,
    context: ClassMethodDecoratorContext<This, F>,
  ): Decorated<Options, This, F, F>;
  /** legacy (`experimentalDecorators`) */
  <This extends object, F extends AnyFunction>(
    target: This,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F>,
  ): Decorated<Options, This, F, TypedPropertyDescriptor<F>>;
}

/** @deprecated Use {@link AutoBackupDecorator}. */
export type AsyncMethodDecorator<This> = AutoBackupDecorator<AutoBackupOptions<This>>;

/** @deprecated Use {@link AutoBackupDecorator}. */
export type AnyMethodDecorator<This> = AutoBackupDecorator<AutoBackupOptions<This> & { blocking: true }>;
