const { expect, test } = require('@jest/globals');
const { configureAutoBackup, withAutoBackup } = require('sqlite-autobackup');

test('a protected function runs after a backup', async () => {
  const service = configureAutoBackup({ database: process.env.DATABASE });
  const create = withAutoBackup(async () => service.getLatestBackup());
  expect(await create()).toMatchObject({ verified: 'quick' });
});
