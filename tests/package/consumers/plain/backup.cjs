// The smallest app: with a due backup, one protected call.
const { configureAutoBackup, withAutoBackup } = require('sqlite-autobackup');

const service = configureAutoBackup({ database: process.env.DATABASE });
const create = withAutoBackup(async (number) => `invoice ${number}, after ${service.getLatestBackup()?.name}`, {
  label: 'createInvoice',
});

void create(1).then(console.log);
