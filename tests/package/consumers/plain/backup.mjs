// The same as an ES module.
import { configureAutoBackup, withAutoBackup } from 'sqlite-autobackup';

const service = configureAutoBackup({ database: process.env.DATABASE });
const create = withAutoBackup(async (number) => `invoice ${number}, after ${service.getLatestBackup()?.name}`, {
  label: 'createInvoice',
});

console.log(await create(1));
