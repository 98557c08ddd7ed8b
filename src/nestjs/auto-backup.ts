import { Inject } from '@nestjs/common';
import { onlyOptions, wrapperFor } from '../decorator/auto-backup.js';
import type { AutoBackupOptions } from '../decorator/auto-backup.js';
import { decorateMethod } from '../decorator/wrap-method.js';
import type { AnyMethodDecorator, AsyncMethodDecorator } from '../decorator/wrap-method.js';
import { backupServiceKey, checkedName } from './tokens.js';

/** Options of the NestJS `@AutoBackup()`: those of the plain one, and the name of the service. */
export interface NestAutoBackupOptions<This = unknown> extends AutoBackupOptions<This> {
  /** Which service of the container: the one of `AutoBackupModule.forRoot({ name })`. Default: the one without a name. */
  name?: string;
}

/**
 * The core's `@AutoBackup()` for controllers and providers of NestJS: the service is the one of the application that the
 * object belongs to, whatever else runs in the process. The container injects it as it injects any property, so a module
 * that was forgotten is noticed when the application boots, and `overrideProvider()` holds here too.
 *
 * Objects that were made without the container (`new InvoicesController()` in a test) and static methods use the process
 * default, `configureAutoBackup()`'s.
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- `any` lets the class be inferred, or be left out
export function AutoBackup<This = any>(
  options: NestAutoBackupOptions<This> & { blocking: true },
): AnyMethodDecorator<This>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export function AutoBackup<This = any>(options?: NestAutoBackupOptions<This>): AsyncMethodDecorator<This>;
export function AutoBackup(...args: unknown[]): unknown {
  const { name, ...options }: NestAutoBackupOptions = onlyOptions(args) ?? {};
  const key = backupServiceKey(name === undefined ? undefined : checkedName(name));
  const makeWrapper = wrapperFor(options, key);
  return (...decorated: unknown[]) => {
    const wrapped = decorateMethod(decorated, makeWrapper);
    const [target] = decorated;
    // A prototype. Of a static method it is the class, whose objects the container has nothing to inject into.
    if (options.service === undefined && typeof target === 'object' && target !== null) Inject(key)(target, key);
    return wrapped;
  };
}
