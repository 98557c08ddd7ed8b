import { BackupService, configureAutoBackup } from 'sqlite-autobackup';
import type { IocContainer } from 'tsoa';
import { Container } from 'typedi';
import * as app from '../../support/app.js';

Container.set(BackupService, new BackupService(app.backupOptions));
if (!app.serviceFromContainer) configureAutoBackup(app.backupOptions);

/** Where tsoa gets its controllers from. */
export const iocContainer: IocContainer = {
  get: ((controller: never) => Container.get(controller)) as IocContainer['get'],
};
