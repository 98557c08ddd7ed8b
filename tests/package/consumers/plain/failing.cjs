// Prints what createBackup() and createBackupSync() are rejected with.
const { BackupService } = require('sqlite-autobackup');

const service = new BackupService({ database: process.env.DATABASE });
const show = ({ code, message, hint }) => console.log(JSON.stringify({ code, message, hint }));

async function main() {
  await service.createBackup().catch(show);
  try {
    service.createBackupSync();
  } catch (error) {
    show(error);
  }
}

void main();
