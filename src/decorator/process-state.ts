import type { BackupService } from '../service/backup-service.js';
import type { BackupServiceOptions } from '../service/options.js';

/** The state that all copies of the package in a process share, also those that `jest.resetModules()` loads anew. */
export interface ProcessState {
  /** The argument of `configureAutoBackup()`, and the service that it made. */
  configured: { readonly given: BackupServiceOptions | BackupService; readonly service: BackupService } | undefined;
  /** Services of frameworks' containers, the newest last: the default where nothing is configured. */
  adopted: BackupService[];
  /** `withoutBackups()` of `sqlite-autobackup/testing`: no protected call asks for one. */
  withoutBackups: boolean;
}

const KEY = Symbol.for('sqlite-autobackup.process-state');
const shared = globalThis as { [KEY]?: ProcessState | undefined };

export const processState: ProcessState = (shared[KEY] ??= {
  configured: undefined,
  adopted: [],
  withoutBackups: false,
});
