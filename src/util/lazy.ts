/**
 * Where loading is put off, since it would cost every app that requires this package:
 * - `service core`: what a service needs, with the schema library and `child_process`; an app that only declares decorators
 *   does not have one yet,
 * - `off-site`: the code of the copies, 8 to 12 ms, for services that have `copies`,
 * - `notifications`: for services that have `notify`, or whose monitor is started,
 * - `winston`: 47 ms, with the first line that is logged,
 * - `optional peer`: a package that need not be installed.
 */
export type LazyBoundary = 'service core' | 'off-site' | 'notifications' | 'winston' | 'optional peer';

/** Defers `load` to the first call of the returned function. Everything else is imported statically; lint sees to it. */
export function lazy<T>(_boundary: LazyBoundary, load: () => T): () => T {
  let loaded: { readonly value: T } | undefined;
  return () => (loaded ??= { value: load() }).value;
}
