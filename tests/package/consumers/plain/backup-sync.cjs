// The same with a method that blocks.
const { configureAutoBackup, withAutoBackup } = require('sqlite-autobackup');

const service = configureAutoBackup({ database: process.env.DATABASE });
const create = withAutoBackup((number) => `invoice ${number}, after ${service.getLatestBackup()?.name}`, {
  blocking: true,
  label: 'createInvoice',
});

console.log(create(1));
