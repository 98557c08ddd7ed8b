import { AutoBackup, BackupService } from 'sqlite-autobackup';

const service = new BackupService({ database: process.env['DATABASE']! });
const get = () => service;

class Shop {
  readonly #goods = 'pens';

  async #wipe() {
    return `wiped ${this.#goods}`;
  }

  @AutoBackup({ service: get })
  async wipe() {
    return this.#wipe();
  }
}

void new Shop().wipe().then(async (answer) => {
  console.log(JSON.stringify({ answer, backups: (await service.listBackups()).map(({ label }) => label) }));
});
