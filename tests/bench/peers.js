'use strict';
// Who copies a database, and how each is called. Every one is `(database, folder) => what it has cost`; absent where it is not installed.
const { EventEmitter } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { hasShell, measured, program } = require('./support.js');

const LITESTREAM = program('engines/servers', '@flydotio/litestream-linux-x64/litestream');
/** Node 20 has no node:sqlite with a backup. */
const NEWER_NODE = [26, 24].map((major) => program('runtimes', `node${major}/bin/node`)).find(Boolean);
const bash = (command) => measured('/bin/bash', ['-ec', command]);

/** In a program of ours: its wall time is that of the copy, without Node's start. */
async function ofNode(node, what, database, target) {
  const cost = await measured(node, [path.join(__dirname, 'peer.js'), what, database, target]);
  return { ...cost, ms: Number(cost.stdout) };
}

exports.copyPeers = () => ({
  ours: (database, folder) => {
    const directory = path.join(folder, 'copy.backups');
    fs.mkdirSync(directory);
    return ofNode(process.execPath, 'ours', database, directory);
  },
  'the same with the shell: .backup, quick_check, sha256sum, sync':
    hasShell() &&
    ((database, folder) => {
      const target = path.join(folder, 'copy.db');
      const check = `test "$(sqlite3 '${target}' 'PRAGMA quick_check')" = ok`;
      return bash(`sqlite3 '${database}' ".backup '${target}'"; ${check}; sha256sum '${target}'; sync '${target}'`);
    }),
  'cp, sync (no snapshot, no check)': (database, folder) =>
    bash(`cp '${database}' '${folder}/copy.db'; sync '${folder}/copy.db'`),
  "the shell's .backup":
    hasShell() && ((database, folder) => measured('sqlite3', [database, `.backup '${folder}/copy.db'`])),
  'VACUUM INTO':
    hasShell() && ((database, folder) => measured('sqlite3', [database, `VACUUM INTO '${folder}/copy.db'`])),
  "better-sqlite3's backup()": (database, folder) =>
    ofNode(process.execPath, 'better-sqlite3', database, path.join(folder, 'copy.db')),
  "node:sqlite's backup()":
    NEWER_NODE && ((database, folder) => ofNode(NEWER_NODE, 'node:sqlite', database, path.join(folder, 'copy.db'))),
  'litestream 0.3.13, first snapshot': LITESTREAM && litestreamCopy,
});

/** Until the snapshot is there; a file that is not whole has another name. */
async function litestreamCopy(database, folder) {
  const config = litestreamConfig(database, folder);
  const cost = await measured(LITESTREAM, ['replicate', '-config', config], { ended: () => firstSnapshot(folder) });
  // Its own files beside the database: the next one begins as this one did.
  fs.rmSync(path.join(path.dirname(database), `.${path.basename(database)}-litestream`), {
    recursive: true,
    force: true,
  });
  return cost;
}

function litestreamConfig(database, folder) {
  const config = path.join(folder, 'copy.litestream.yml');
  const replica = { type: 'file', path: path.join(folder, 'copy.replica'), 'sync-interval': '1s' };
  // JSON is YAML.
  fs.writeFileSync(config, JSON.stringify({ dbs: [{ path: database, replicas: [replica] }] }));
  return config;
}

async function firstSnapshot(folder) {
  const isThere = () => {
    const root = path.join(folder, 'copy.replica');
    const files = fs.existsSync(root) ? fs.readdirSync(root, { recursive: true }) : [];
    return files.some((file) => file.endsWith('.snapshot.lz4'));
  };
  while (!isThere()) await sleep(5);
}

/** Reads back what the copy of the same name has left in the folder. */
exports.restorePeers = () => ({
  ours: (database, folder) => ofNode(process.execPath, 'restore', database, path.join(folder, 'copy.backups')),
  'cp, sync (no snapshot, no check)': (_database, folder) =>
    bash(`cp '${folder}/copy.db' '${folder}/copy.restored.db'; sync '${folder}/copy.restored.db'`),
  'litestream 0.3.13, first snapshot':
    LITESTREAM &&
    ((database, folder) =>
      measured(LITESTREAM, [
        'restore',
        '-config',
        path.join(folder, 'copy.litestream.yml'),
        '-o',
        `${folder}/copy.restored.db`,
        database,
      ])),
});

/** Who keeps up with a database that is written to, until the emitter says `'stop'`. */
exports.followers = () => ({
  'litestream 0.3.13, replicating':
    LITESTREAM &&
    ((database, folder, until) =>
      measured(LITESTREAM, ['replicate', '-config', litestreamConfig(database, folder)], {
        ended: () => EventEmitter.once(until, 'stop'),
      })),
});
