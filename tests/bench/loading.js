'use strict';
// What `require('sqlite-autobackup')` costs, in fresh processes.
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { median, row, title } = require('./support.js');

const ROUNDS = 21;

exports.run = () => {
  title(`Requiring the package, in a fresh process each; median of ${ROUNDS} alternating rounds`);
  const names = ['reflect-metadata', 'sqlite-autobackup', 'winston', 'better-sqlite3'];
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) for (const name of names) times[name].push(load(name));
  const base = median(times['reflect-metadata']);
  row('', 'ms', 'over reflect-metadata');
  for (const [name, all] of Object.entries(times)) row(name, median(all).toFixed(1), (median(all) - base).toFixed(1));
};

function load(name) {
  const code = `const s = process.hrtime.bigint(); require(${JSON.stringify(name)}); console.log(Number(process.hrtime.bigint() - s) / 1e6)`;
  return Number(
    execFileSync(process.execPath, ['-e', code], { cwd: path.join(__dirname, '..', '..'), encoding: 'utf8' }),
  );
}

if (require.main === module) exports.run();
