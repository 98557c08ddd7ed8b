'use strict';
// A worker of the shop's cluster: the demo's own app (docs/examples/pos, compiled to build/pos by `npm run demo`).
const { configureAutoBackup } = require('sqlite-autobackup');
const { createApp } = require('../../build/pos/app.js');
const { Sessions } = require('../../build/pos/auth.js');
const { serviceOptions, TOKEN } = require('./settings.js');

async function main() {
  const backups = configureAutoBackup(serviceOptions(process.env.SOAK_FOLDER));
  const app = await createApp(backups.database);
  // The demo keeps its sessions in the memory of one process; a shop with several workers shares them.
  app.get(Sessions).has = (token) => token === TOKEN;
  await app.listen(0, '127.0.0.1');
  process.send({ address: await app.getUrl() });
  process.once('SIGTERM', () => {
    void app
      .close()
      .then(() => backups.shutDown())
      .then(() => process.exit(0));
  });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
