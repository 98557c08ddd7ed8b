import { isBackupService } from '../service/backup-service.js';
import type { BackupService } from '../service/backup-service.js';
import type { BackupOutcome } from '../service/method-types.js';
import { defaultService } from './default-service.js';
import { BackupError } from '../util/errors.js';
import { validate } from '../util/validate.js';
import type { Valibot } from '../util/validate.js';
import { decorateMethod, wrap } from './wrap-method.js';
import type {
  AnyFunction,
  AnyMethodDecorator,
  AsyncFunction,
  AsyncMethodDecorator,
  MakeWrapper,
  PlainFunction,
} from './wrap-method.js';

/** Options of `@AutoBackup()` and `withAutoBackup()`. Every one is optional. */
export interface AutoBackupOptions<This = unknown> {
  /** The service, or how to get it from the object that the method is called on. Default: `configureAutoBackup()`'s. */
  service?: BackupService | ((self: This) => BackupService);
  /**
   * `'before'` (default): the method runs when a backup stands. `'after'`: the method runs and, if it succeeds, a backup
   * is taken in the background if one is due; the answer does not wait for it, and its failure is only logged and emitted.
   */
  timing?: 'before' | 'after';
  /**
   * When the backup before the method fails: `'continue'` (log, emit, run the method) or `'abort'` (reject with the
   * BackupError, do not run it). Default: the service's. Not with `timing: 'after'`, where nothing is left to abort.
   */
  onFailure?: 'continue' | 'abort';
  /**
   * For methods that return a value, not a promise: a due backup blocks the thread, some 100 ms for a small database.
   * With `timing: 'after'` nothing blocks.
   */
  blocking?: boolean;
  /** Default `'Class.method'`; in the log, the manifest and the events. */
  label?: string;
}

/**
 * Takes a backup before the method runs, if the newest one is as old as the service's `interval` or older. For legacy
 * (`experimentalDecorators`) and TC39 decorators alike.
 *
 * If nothing is due, the method is called right away: no promise, no system call, no clock.
 *
 * @throws BackupError when the class is defined: `ERR_BACKUP_OPTIONS`, `ERR_BACKUP_DECORATOR`; when the method is called:
 *   `ERR_BACKUP_NOT_CONFIGURED` (the method did not run), `ERR_BACKUP_NOT_ASYNC`, and with `onFailure: 'abort'` what
 *   `backupIfDue()` rejects with, or `ERR_BACKUP_BACKING_OFF`
 */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- `any` lets the class be inferred, or be left out
export function AutoBackup<This = any>(options: AutoBackupOptions<This> & { blocking: true }): AnyMethodDecorator<This>;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
export function AutoBackup<This = any>(options?: AutoBackupOptions<This>): AsyncMethodDecorator<This>;
export function AutoBackup(...args: unknown[]): unknown {
  const makeWrapper = wrapperFor(onlyOptions(args));
  return (...decorated: unknown[]) => decorateMethod(decorated, makeWrapper);
}

/** What `@AutoBackup(…)` was called with, if it was called: without the parentheses it gets the method itself. */
export function onlyOptions(args: readonly unknown[]): AutoBackupOptions | undefined {
  if (args.length > 1 || typeof args[0] === 'function') {
    throw new BackupError('ERR_BACKUP_DECORATOR', '@AutoBackup was used without parentheses.', {
      step: 'decorate',
      hint: 'Write @AutoBackup().',
    });
  }
  return args[0] as AutoBackupOptions | undefined;
}

/** {@link AutoBackup} for a plain function or a request handler. */
export function withAutoBackup<F extends AnyFunction>(
  fn: F & PlainFunction<F>,
  options: AutoBackupOptions<ThisParameterType<F>> & { blocking: true },
): F;
export function withAutoBackup<F extends AsyncFunction>(fn: F, options?: AutoBackupOptions<ThisParameterType<F>>): F;
export function withAutoBackup(fn: AnyFunction, options?: AutoBackupOptions): AnyFunction {
  if (typeof fn !== 'function') {
    throw new BackupError('ERR_BACKUP_DECORATOR', `withAutoBackup() was given ${String(fn)}.`, {
      step: 'decorate',
      hint: 'Pass the function to protect: withAutoBackup(async () => { … }).',
    });
  }
  return wrap(fn, wrapperFor(options), () => fn.name || 'anonymous function');
}

/** How one call is protected: resolved options. */
interface Protection {
  readonly serviceOf: (self: unknown) => BackupService;
  readonly labelOf: (self: unknown) => string;
  readonly onFailure: 'continue' | 'abort' | undefined;
}

/**
 * Makes the wrapper that the options ask for.
 *
 * @param injected the property in which a framework's container puts the service of the app that an object belongs to
 */
export function wrapperFor(options: AutoBackupOptions = {}, injected?: symbol): MakeWrapper {
  validate('AutoBackup', schemaOf, options);
  const { service, timing = 'before', onFailure, blocking = false, label } = options;
  if (timing === 'after' && onFailure === 'abort') {
    throw new BackupError('ERR_BACKUP_OPTIONS', "AutoBackup: onFailure: 'abort' was given with timing: 'after'.", {
      step: 'options',
      hint: 'When the backup comes after the method, nothing is left to abort: leave one of the two out.',
    });
  }
  const make = timing === 'after' ? afterWrapper : blocking ? blockingWrapper : beforeWrapper;
  return (original, nameFor) => {
    const labelOf = label === undefined ? nameFor : () => label;
    return make(original, { serviceOf: serviceLookup(service, labelOf, injected), labelOf, onFailure }, blocking);
  };
}

// The three wrappers. Each is a `function` that passes on `this`, and asks one flag when nothing is due.

function beforeWrapper(original: AnyFunction, protection: Protection): AnyFunction {
  const { serviceOf, labelOf } = protection;
  return function (this: unknown, ...args: unknown[]): unknown {
    let service: BackupService;
    try {
      service = serviceOf(this);
    } catch (error) {
      return Promise.reject(error);
    }
    if (!service.knownFresh && !isFresh(service)) return backUpThenRun(service, original, protection, this, args);
    const returned: unknown = Reflect.apply(original, this, args);
    if (isThenable(returned)) return returned;
    throw notAsync(labelOf(this));
  };
}

/** Looks at the folder, once per `recheckInterval`: when nothing is due, the method's own promise is returned even then. */
function isFresh(service: BackupService): boolean {
  try {
    return service.checkDue().reason === 'fresh';
  } catch {
    // It comes up again in the attempt, which reports it.
    return false;
  }
}

async function backUpThenRun(
  service: BackupService,
  original: AnyFunction,
  protection: Protection,
  self: unknown,
  args: unknown[],
): Promise<unknown> {
  const label = protection.labelOf(self);
  const onFailure = protection.onFailure ?? service.onFailure;
  try {
    const outcome = await service.backupIfDue({ label });
    if (isBackingOff(outcome) && onFailure === 'abort') throw backingOff(outcome, label);
  } catch (error) {
    // The service has logged and emitted it.
    if (onFailure === 'abort') throw error;
  }
  const returned: unknown = Reflect.apply(original, self, args);
  if (isThenable(returned)) return returned;
  throw notAsync(label);
}

function blockingWrapper(original: AnyFunction, protection: Protection): AnyFunction {
  const { serviceOf, labelOf } = protection;
  return function (this: unknown, ...args: unknown[]): unknown {
    const service = serviceOf(this);
    if (!service.knownFresh) {
      const onFailure = protection.onFailure ?? service.onFailure;
      const label = labelOf(this);
      try {
        const outcome = service.backupIfDueSync({ label });
        if (isBackingOff(outcome) && onFailure === 'abort') throw backingOff(outcome, label);
      } catch (error) {
        if (onFailure === 'abort') throw error;
      }
    }
    return Reflect.apply(original, this, args);
  };
}

function afterWrapper(original: AnyFunction, { serviceOf, labelOf }: Protection, mayReturnValue: boolean): AnyFunction {
  return function (this: unknown, ...args: unknown[]): unknown {
    let service: BackupService;
    try {
      service = serviceOf(this);
    } catch (error) {
      if (mayReturnValue) throw error;
      return Promise.reject(error);
    }
    const returned: unknown = Reflect.apply(original, this, args);
    const thenable = isThenable(returned);
    if (!thenable && !mayReturnValue) throw notAsync(labelOf(this));
    if (service.knownFresh) return returned;

    const backUp = async (): Promise<void> => {
      try {
        await service.backupIfDue({ label: labelOf(this), moment: 'after' });
      } catch {
        // The service has logged and emitted what went wrong; the method's caller has its answer.
      }
    };
    if (!thenable) {
      void backUp();
      return returned;
    }
    // One `then` on the original, whose result is passed on: a lazy promise (a query builder) runs once for each.
    return returned.then((value) => {
      void backUp();
      return value;
    });
  };
}

function serviceLookup(
  service: AutoBackupOptions['service'],
  labelOf: (self: unknown) => string,
  injected?: symbol,
): (self: unknown) => BackupService {
  if (isBackupService(service)) return () => service;
  if (service) {
    return (self) => {
      const found: unknown = service(self);
      if (canBackUp(found)) return found;
      throw notConfigured(labelOf(self), `its "service" function returned ${String(found)}`);
    };
  }
  return (self) => {
    const own = injected && (self as Record<symbol, unknown> | null | undefined)?.[injected];
    if (own !== undefined) {
      if (canBackUp(own)) return own;
      // Never the process default instead: it may be another database.
      throw notConfigured(labelOf(self), `its container has no service, but another ${typeof own}, for BackupService`);
    }
    const found = defaultService();
    if (found) return found;
    const made = injected && typeof self === 'object' ? 'its object was made without the container, and ' : '';
    throw notConfigured(labelOf(self), `${made}no service is set up`);
  };
}

/** A service, or the double that a test has put into a container: it is asked for the backup. */
function canBackUp(value: unknown): value is BackupService {
  return (
    isBackupService(value) || typeof (value as Partial<BackupService> | null | undefined)?.backupIfDue === 'function'
  );
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value instanceof Promise) return true;
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- the type is what valibot infers
function schemaOf(v: Valibot) {
  return v.strictObject({
    service: v.optional(
      v.custom<AutoBackupOptions['service']>(
        (value) => isBackupService(value) || typeof value === 'function',
        'a BackupService, or a function that returns one',
      ),
    ),
    timing: v.optional(v.picklist(['before', 'after'], '"before" or "after"')),
    onFailure: v.optional(v.picklist(['continue', 'abort'], '"continue" or "abort"')),
    blocking: v.optional(v.boolean('true or false')),
    label: v.optional(v.pipe(v.string('a text'), v.nonEmpty('a text that is not empty'))),
  });
}

function notConfigured(label: string, why: string): BackupError {
  return new BackupError('ERR_BACKUP_NOT_CONFIGURED', `${label} was not run: ${why}.`, {
    step: 'call',
    hint:
      "Call configureAutoBackup({ database: 'instance/app.db' }) where the app starts; or give the decorator a service, " +
      '@AutoBackup({ service }); or let it find one, @AutoBackup({ service: (self) => self.backups }). In NestJS import ' +
      'AutoBackupModule, and AutoBackup as well, from "sqlite-autobackup/nestjs".',
  });
}

function notAsync(label: string): BackupError {
  return new BackupError('ERR_BACKUP_NOT_ASYNC', `${label} has run, but returned a value instead of a promise.`, {
    step: 'call',
    hint: 'Make it async, or decorate it with @AutoBackup({ blocking: true }).',
  });
}

type BackingOff = Extract<BackupOutcome, { status: 'backing-off' }>;
/** @param outcome `undefined` if a double was asked that answers nothing */
function isBackingOff(outcome: BackupOutcome | undefined): outcome is BackingOff {
  return outcome?.status === 'backing-off';
}

function backingOff({ retryAt, error }: BackingOff, label: string): BackupError {
  return new BackupError(
    'ERR_BACKUP_BACKING_OFF',
    `${label} was not run: the last backup failed (${error.code}), and the next attempt is not before ${retryAt.toISOString()}.`,
    { step: 'call', hint: error.hint, cause: error },
  );
}
