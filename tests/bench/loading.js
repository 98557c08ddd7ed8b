'use strict';
// What `require('sqlite-autobackup')` costs, in fresh processes.
const { execFileSync } = require('node:child_process');
const { PACKAGE, table } = require('./support.js');

const ROUNDS = 21;

exports.run = () => {
  const names = ['reflect-metadata', 'sqlite-autobackup', 'winston', 'better-sqlite3'];
  const times = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) for (const name of names) times[name].push(load(name));
  const title = 'Requiring the package, in a fresh process each';
  const ratio = { label: 'x reflect-metadata', base: 'reflect-metadata', of: (it, base) => it / base };
  return table({ id: 'loading', title, unit: 'ms', times, ratio });
};

function load(name) {
  const code = `const s = process.hrtime.bigint(); require(${JSON.stringify(name)}); console.log(Number(process.hrtime.bigint() - s) / 1e6)`;
  return Number(execFileSync(process.execPath, ['-e', code], { cwd: PACKAGE, encoding: 'utf8' }));
}
