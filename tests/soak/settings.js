'use strict';
const path = require('node:path');
const { directoryStore, keep } = require('sqlite-autobackup');

exports.TOKEN = 'soak';

/** What all processes of the shop agree on: the shortest interval, a short history, and copies in another folder. */
exports.serviceOptions = (folder) => ({
  database: path.join(folder, 'shop', 'app.db'),
  interval: '1m',
  retention: keep({ last: 12 }),
  copies: [directoryStore(path.join(folder, 'elsewhere'))],
  logger: { info() {}, warn: say, error: say },
});

function say(line) {
  process.stderr.write(`${line}\n`);
}
