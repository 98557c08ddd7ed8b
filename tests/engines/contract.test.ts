import fs from 'node:fs';
import { rqlite } from 'sqlite-autobackup/rqlite';
import { describeDatabaseSource } from 'sqlite-autobackup/testing';
import { useTempFolder } from '../support/temp-folder';
import { RqliteClient } from './support/rqlite-client';
import { RqliteCluster } from './support/rqlite-cluster';
import { SqldServer } from './support/sqld-server';

const temp = useTempFolder();

for (const nodes of [1, 3]) {
  describeDatabaseSource(`rqlite on ${nodes} node${nodes === 1 ? '' : 's'}`, async () => {
    const directory = temp.file('backups');
    fs.mkdirSync(directory);
    const cluster = await RqliteCluster.start(temp.file('cluster'), { nodes });
    // One that does not lead, if there is one: it must lead to the one that does.
    const leader = await cluster.leader();
    const client = new RqliteClient(cluster);
    return {
      database: rqlite({ nodes: [cluster.urls[(leader + 1) % nodes]!], name: 'shop.db' }),
      directory,
      execute: (sql) => client.execute(sql),
      ask: (sql) => client.ask(sql),
      close: () => cluster.stop(),
    };
  });
}

describeDatabaseSource(
  'the data file of sqld',
  async () => {
    const directory = temp.file('backups');
    fs.mkdirSync(directory);
    const server = await SqldServer.start(temp.file('server'));
    await server.createNamespace('shop');
    return {
      database: server.fileOf('shop'),
      directory,
      async execute(sql) {
        await server.execute('shop', sql);
      },
      ask: (sql) => server.execute('shop', sql),
      close: () => server.kill(),
    };
  },
  { restores: false },
);
