/* eslint-disable @typescript-eslint/no-explicit-any -- `any` lets the class be inferred, or be left out */
import { Inject } from '@nestjs/common';
import { onlyOptions } from '../decorator/auto-backup.js';
import { resolveLayer } from '../decorator/options.js';
import type { AutoBackupOptions } from '../decorator/options.js';
import type { AutoBackupDecorator } from '../decorator/types.js';
import { decorateMethod } from '../decorator/wrap-method.js';
import { backupServiceKey, checkedName } from './tokens.js';

/** The options of Nest's `@AutoBackup()` besides the core's. */
export interface NestAutoBackupOptions<This = any, Args extends any[] = any[]> extends AutoBackupOptions<This, Args> {
  /** Names the service of the container: the one of `AutoBackupModule.forRoot({ name })`. Default: the one without a name. */
  name?: string;
}

/**
 * The core's `@AutoBackup()` for controllers and providers of NestJS: the service is the one of the application that the
 * object belongs to, whatever else runs in the process. The container injects it as it injects any property, so a module
 * that was forgotten is noticed when the application boots, and `overrideProvider()` holds here too.
 *
 * Objects that were made without the container (`new InvoicesController()` in a test) and static methods use the process
 * default: `configureAutoBackup()`'s, or else that of the `AutoBackupModule` without a name.
 *
 * @throws BackupError as the core's does
 * @example
 * @Post()
 * @AutoBackup({ interval: '1h' })
 * async create(@Body() invoice: NewInvoice) {}
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters, @typescript-eslint/no-unused-vars -- a single type argument is the class, below
export function AutoBackup<This, const Options extends NestAutoBackupOptions>(
  options?: Options,
): AutoBackupDecorator<Options>;
/** With the class given, `@AutoBackup<Invoices>({ service: (self) => self.backups })`, `self` needs no type. */
export function AutoBackup<This>(
  options: NestAutoBackupOptions<This> & { blocking: true },
): AutoBackupDecorator<NestAutoBackupOptions<This> & { blocking: true }>;
export function AutoBackup<This>(
  options?: NestAutoBackupOptions<This>,
): AutoBackupDecorator<NestAutoBackupOptions<This>>;
export function AutoBackup(...args: unknown[]): unknown {
  const { name, ...options }: NestAutoBackupOptions = onlyOptions(args) ?? {};
  const key = backupServiceKey(name === undefined ? undefined : checkedName(name));
  const layer = resolveLayer(options, key);
  return (...decorated: unknown[]) => {
    const replaced = decorateMethod(decorated, layer);
    const [target] = decorated;
    // A prototype. Of a static method it is the class, whose objects the container has nothing to inject into.
    if (options.service === undefined && typeof target === 'object' && target !== null) injectInto(target, key);
    return replaced;
  };
}

/** Services that the container injected into objects that can't have properties of their own. */
const injected = new WeakMap<object, unknown>();

/**
 * Lets Nest inject the service into the property `key`. It does so by an assignment, after the constructor: a provider that
 * has frozen itself there gets the service all the same.
 */
function injectInto(prototype: object, key: symbol): void {
  Inject(key)(prototype, key);
  if (Object.hasOwn(prototype, key)) return;
  Object.defineProperty(prototype, key, {
    configurable: true,
    get(this: object) {
      return injected.get(this);
    },
    set(this: object, service: unknown) {
      const own = { value: service, writable: true, configurable: true, enumerable: false };
      if (!Reflect.defineProperty(this, key, own)) injected.set(this, service);
    },
  });
}
