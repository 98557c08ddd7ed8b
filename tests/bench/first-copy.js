'use strict';
// A first copy and its way back, at each size: time, CPU, memory and what is written, ours beside everybody else's.
const fs = require('node:fs');
const path = require('node:path');
const { copyPeers, restorePeers } = require('./peers.js');
const { bytesOf, createDatabase, inTempFolder, oursOver, removeBackups, table, warm } = require('./support.js');

exports.run = async ({ sizes }) => {
  const tables = [];
  for (const size of sizes) tables.push(...(await inTempFolder((folder) => atSize(folder, size))));
  return tables;
};

async function atSize(folder, size) {
  const database = path.join(folder, 'app.db');
  createDatabase(database, bytesOf(size));
  const rounds = Number(process.env.BENCH_ROUNDS ?? (bytesOf(size) > 2e9 ? 1 : bytesOf(size) > 2e8 ? 3 : 7));
  const [copies, restores] = [copyPeers(), restorePeers()];
  const costs = {};
  const back = {};
  const keep = async (all, name, work) => {
    try {
      (all[name] ??= []).push(await work());
    } catch (error) {
      console.error(`${size}, ${name}: ${error.message}`);
      all[name] = 'failed';
    }
  };
  for (let round = 0; round < rounds; round++) {
    for (const [name, copy] of Object.entries(copies)) {
      if (!copy || costs[name] === 'failed') continue;
      warm(database);
      await keep(costs, name, () => copy(database, folder));
      if (restores[name] && costs[name] !== 'failed') await keep(back, name, () => restores[name](database, folder));
      removeBackups(folder);
    }
  }
  const { size: bytes } = fs.statSync(database);
  const of = (all, pick) =>
    Object.fromEntries(
      Object.entries(all).map(([name, found]) => [name, typeof found === 'string' ? found : found.map(pick)]),
    );
  const make = (id, title, unit, all, pick) =>
    table({
      id: `${id}-${size}`,
      title: `${title}, ${size.toUpperCase()}`,
      unit,
      times: of(all, pick),
      ratio: oursOver(),
    });
  const tables = [
    make('copy', 'A first copy', 'ms', costs, ({ ms }) => ms),
    make('copy-cpu', 'CPU time of a first copy', 'ms', costs, ({ cpuMs }) => cpuMs),
    make('copy-memory', 'Memory of its largest process', 'MB', costs, ({ mb }) => mb),
    make(
      'copy-written',
      'Written by a first copy, per byte of the database',
      'bytes',
      costs,
      ({ written }) => written / bytes,
    ),
    make('restore', 'A restore into a new file', 'ms', back, ({ ms }) => ms),
  ];
  return tables.map((each) => ({ ...each, size, bytes }));
}
