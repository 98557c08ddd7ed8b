import { Monitor } from './monitor.js';
import type { BackupServiceOptions } from './options.js';
import { createContext } from './service-context.js';
import type { ServiceContext } from './service-context.js';

/** The parts that a `BackupService` is a facade of. */
export interface ServiceParts {
  readonly context: ServiceContext;
  /** Made with its first use, or at once where there is `notify`. */
  readonly monitor: () => Monitor;
  /** Ends the looks of a monitor that was started. */
  readonly stopMonitor: () => void;
  /** Resolves when all messages were tried once. */
  readonly notified: () => Promise<void>;
}

/** @throws BackupError `ERR_BACKUP_OPTIONS` */
export function createService(given: BackupServiceOptions): ServiceParts {
  const context = createContext(given);
  const { options, runner } = context;
  let made: Monitor | undefined;
  const monitor = (): Monitor => (made ??= new Monitor(context));
  if (options.notify && options.enabled) runner.onAttempt = monitor().attempt;
  return { context, monitor, stopMonitor: () => made?.stop(), notified: async () => made?.whenIdle() };
}
