// Are the imported and the required package the same one?
import { createRequire } from 'node:module';
import { BackupService, configureAutoBackup } from 'sqlite-autobackup';

const required = createRequire(import.meta.url)('sqlite-autobackup');
console.log(required.BackupService === BackupService && required.configureAutoBackup === configureAutoBackup);
