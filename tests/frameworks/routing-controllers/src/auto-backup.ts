import { AutoBackup, BackupService, configureAutoBackup } from 'sqlite-autobackup';
import { Container } from 'typedi';
import * as app from '../../support/app.js';

if (app.serviceFromContainer) Container.set(BackupService, new BackupService(app.backupOptions));
else configureAutoBackup(app.backupOptions);

/** @AutoBackup() with the service that this run of the app is about. */
export const autoBackup = () =>
  AutoBackup(app.serviceFromContainer ? { service: () => Container.get(BackupService) } : {});
