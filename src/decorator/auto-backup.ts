import { BackupError } from '../util/errors.js';
import { resolveLayer } from './options.js';
import type { AutoBackupOptions } from './options.js';
import type { AnyFunction, AsyncFunction, AutoBackupDecorator, Protectable } from './types.js';
import { wrap } from './wrap-function.js';
import { decorateMethod } from './wrap-method.js';

/**
 * Takes a backup before the method runs, if the newest one is as old as the service's `interval` or older. For legacy
 * (`experimentalDecorators`) and TC39 decorators alike.
 *
 * If nothing is due, the method is called right away: no promise, no system call, no clock. In every state the call returns
 * the same, fails in the same way, and starts after the protected calls that came before it.
 *
 * @throws BackupError when the class is defined: `ERR_BACKUP_OPTIONS`, `ERR_BACKUP_DECORATOR`. The promise of a call rejects
 *   with `ERR_BACKUP_NOT_CONFIGURED`, `ERR_BACKUP_CANCELLED`, `ERR_BACKUP_SHUTTING_DOWN`, and with `onFailure: 'abort'` with
 *   the code of what failed, or `ERR_BACKUP_BACKING_OFF` (then the method did not run); `ERR_BACKUP_NOT_ASYNC` (it did)
 * @example
 * class Invoices {
 *   @AutoBackup({ interval: '1h', onFailure: 'abort', label: (self, id) => `delete invoice ${id}` })
 *   async remove(id: number) {}
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters, @typescript-eslint/no-unused-vars -- a single type argument is the class, below
export function AutoBackup<This, const Options extends AutoBackupOptions>(
  options?: Options,
): AutoBackupDecorator<Options>;
/** With the class given, `@AutoBackup<Invoices>({ service: (self) => self.backups })`, `self` needs no type. */
export function AutoBackup<This>(
  options: AutoBackupOptions<This> & { blocking: true },
): AutoBackupDecorator<AutoBackupOptions<This> & { blocking: true }>;
export function AutoBackup<This>(options?: AutoBackupOptions<This>): AutoBackupDecorator<AutoBackupOptions<This>>;
export function AutoBackup(...args: unknown[]): unknown {
  const layer = resolveLayer(onlyOptions(args));
  return (...decorated: unknown[]) => decorateMethod(decorated, layer);
}

/** The options in the parentheses of `@AutoBackup(…)`; without parentheses it gets the method itself. */
export function onlyOptions(args: readonly unknown[]): AutoBackupOptions | undefined {
  if (args.length > 1 || typeof args[0] === 'function') {
    throw new BackupError('ERR_BACKUP_DECORATOR', '@AutoBackup was used without parentheses.', {
      step: 'decorate',
      hint: 'Write @AutoBackup().',
    });
  }
  return args[0] as AutoBackupOptions | undefined;
}

/**
 * {@link AutoBackup} for a plain function or a request handler.
 *
 * @throws BackupError as {@link AutoBackup} does
 * @example app.post('/invoices', withAutoBackup(async (request, response) => { … }, { label: 'create an invoice' }));
 */
export function withAutoBackup<F extends AsyncFunction>(
  fn: F,
  options?: AutoBackupOptions<ThisParameterType<F>, Parameters<F>>,
): F;
export function withAutoBackup<F extends AnyFunction, Blocking extends boolean = false>(
  fn: F & Protectable<Blocking, F>,
  options?: AutoBackupOptions<ThisParameterType<F>, Parameters<F>> & { blocking?: Blocking },
): F;
export function withAutoBackup(fn: AnyFunction, options?: AutoBackupOptions): AnyFunction {
  if (typeof fn !== 'function') {
    throw new BackupError('ERR_BACKUP_DECORATOR', `withAutoBackup() was given ${String(fn)}.`, {
      step: 'decorate',
      hint: 'Pass the function to protect: withAutoBackup(async () => { … }).',
    });
  }
  return wrap(fn, resolveLayer(options), () => fn.name || 'anonymous function');
}
