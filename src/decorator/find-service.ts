import { isBackupService } from '../service/backup-service.js';
import type { BackupService } from '../service/backup-service.js';
import { defaultService } from './default-service.js';
import type { LabelOf } from './label.js';
import { processState } from './process-state.js';
import { notConfigured } from './refusals.js';
import type { AutoBackupOptions } from './options.js';

/** The service of one call. Throws `ERR_BACKUP_NOT_CONFIGURED` if there is none; `undefined` if tests do without. */
export type FindService = (self: unknown, args: readonly unknown[]) => BackupService | undefined;

/** @param injected the property in which a framework's container puts the service of the app that an object belongs to */
export function findService(
  service: AutoBackupOptions['service'],
  injected: symbol | undefined,
  labelOf: LabelOf,
): FindService {
  const missing = (self: unknown, args: readonly unknown[], why: string): undefined => {
    if (!processState.withoutBackups) throw notConfigured(labelOf(self, args), why);
  };
  if (isBackupService(service)) return () => service;
  if (service) {
    return (self, args) => {
      const found: unknown = service(self, ...args);
      if (canBackUp(found)) return found;
      return missing(self, args, `its "service" function returned ${describe(found)}`);
    };
  }
  return (self, args) => {
    const own = injected && (self as Record<symbol, unknown> | null | undefined)?.[injected];
    if (own !== undefined) {
      if (canBackUp(own)) return own;
      // Never the process default instead: it may be another database.
      return missing(self, args, `its container has no service, but another ${typeof own}, for BackupService`);
    }
    const found = defaultService();
    if (found) return found;
    const made = injected && typeof self === 'object' ? 'its object was made without the container, and ' : '';
    return missing(self, args, `${made}no service is set up`);
  };
}

/** Is it a service, or the double that a test has put into a container? It is asked for the backup. */
export function canBackUp(value: unknown): value is BackupService {
  return (
    isBackupService(value) || typeof (value as Partial<BackupService> | null | undefined)?.backupIfDue === 'function'
  );
}

function describe(value: unknown): string {
  if (value instanceof Promise) return 'a promise: it must not be async';
  return typeof value === 'object' && value !== null ? 'another object' : String(value);
}
