// An app with decorators, as its author writes it. The same file in both dialects: types.test.ts compiles it, tsx runs it.
import { AutoBackup, configureAutoBackup, isBackupError } from 'sqlite-autobackup';
import type { Backup, BackupServiceOptions } from 'sqlite-autobackup';

const options: BackupServiceOptions = { database: process.env['DATABASE'] ?? 'app.db', interval: '7d' };
const service = configureAutoBackup(options);

class InvoicesController {
  @AutoBackup()
  async create(number: number): Promise<string> {
    const latest: Backup | undefined = service.getLatestBackup();
    return `invoice ${number}, after ${latest?.name}`;
  }

  @AutoBackup<InvoicesController>({ service: (self) => self.service, onFailure: 'abort' })
  async remove(number: number): Promise<number> {
    return number;
  }

  @AutoBackup({ blocking: true })
  count(): number {
    return 1;
  }

  readonly service = service;
}

async function main(): Promise<void> {
  const invoices = new InvoicesController();
  console.log(await invoices.create(1));
  console.log((await invoices.remove(1)) + invoices.count());
}

main().catch((error: unknown) => {
  console.error(isBackupError(error, 'ERR_BACKUP_TIMEOUT') ? error.hint : error);
  process.exitCode = 1;
});
