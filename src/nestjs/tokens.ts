import { Inject } from '@nestjs/common';
import type { InjectionToken } from '@nestjs/common';
import { BackupService } from '../service/backup-service.js';
import { BackupError } from '../util/errors.js';
import { show } from '../util/show.js';

/**
 * The token of a service, and the property that `@AutoBackup()` lets Nest put it in. Its text is what Nest prints when it
 * finds no such provider, so it says what is missing. Registered, so that the CommonJS and the ESM entry share it.
 */
export function backupServiceKey(name?: string): symbol {
  const options = name === undefined ? '{ database }' : `{ name: ${JSON.stringify(name)}, database }`;
  return Symbol.for(
    `BackupService: import AutoBackupModule.forRoot(${options}) of "sqlite-autobackup/nestjs" in the root module`,
  );
}

/**
 * The injection token of a service: for `overrideProvider()`, `app.get()`, `inject: […]`. Without a name it is the class
 * `BackupService` itself.
 */
export function getBackupServiceToken(name?: string): InjectionToken<BackupService> {
  if (name === undefined) return BackupService;
  return backupServiceKey(checkedName(name));
}

/** Injects a service into a constructor's parameter or a property: `@InjectBackupService('orders') backups: BackupService`. */
export function InjectBackupService(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getBackupServiceToken(name));
}

/** @throws BackupError `ERR_BACKUP_OPTIONS` */
export function checkedName(name: unknown): string {
  if (typeof name === 'string' && name !== '') return name;
  throw new BackupError('ERR_BACKUP_OPTIONS', `The name of a backup service is ${show(name)}.`, {
    step: 'options',
    hint: "It must be a text that is not empty, such as 'orders'; leave it out for the app's only database.",
  });
}
