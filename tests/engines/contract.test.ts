import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { rqlite } from 'sqlite-autobackup/rqlite';
import { describeDatabaseSource } from 'sqlite-autobackup/testing';
import type { OpenedSource } from 'sqlite-autobackup/testing';
import { useTempFolder } from '../support/temp-folder';
import { RqliteClient } from './support/rqlite-client';
import { RqliteCluster } from './support/rqlite-cluster';
import { SqldServer } from './support/sqld-server';

const temp = useTempFolder();
/** It only bounds what hangs. */
const PATIENT = { timeoutMs: 600_000 };

// One cluster for all tests of it: a start is an election. On a busy machine a leader is silent for a second now and then, and a
// restore rightly fails of an election in its middle: so here, where none is meant, the nodes are slow to hold one.
const ELECTION_MS = 5_000;

for (const nodes of [1, 3]) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'autobackup-contract-'));
  let started: Promise<RqliteCluster> | undefined;
  afterAll(async () => {
    await (await started)?.stop();
    fs.rmSync(folder, { recursive: true });
  });

  const open = async (): Promise<OpenedSource> => {
    const directory = temp.file('backups');
    fs.mkdirSync(directory);
    started ??= RqliteCluster.start(folder, { nodes, electionMs: ELECTION_MS });
    const cluster = await started;
    // One that does not lead, if there is one: it must lead to the one that does.
    const leader = await cluster.leader();
    const client = new RqliteClient(cluster);
    return {
      database: rqlite({ nodes: [cluster.urls[(leader + 1) % nodes]!], name: 'shop.db' }),
      directory,
      execute: (sql) => client.execute(sql),
      ask: (sql) => client.ask(sql),
      // As it was found: empty.
      close: () => client.execute('DROP TABLE IF EXISTS contract', 'DROP TABLE IF EXISTS later'),
    };
  };
  describeDatabaseSource(`rqlite on ${nodes} node${nodes === 1 ? '' : 's'}`, open, PATIENT);
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
  { ...PATIENT, restores: false },
);
