'use strict';
// What a protected call costs when nothing is due.
const fs = require('node:fs');
const path = require('node:path');
const { tracingChannel } = require('node:diagnostics_channel');
const { createDatabase, inTempFolder, load, silent, table } = require('./support.js');

const { BackupService, withAutoBackup } = load();

// Many short rounds, and the best of each: what else the machine does comes in between, and only ever adds.
const CALLS = 200_000;
const ROUNDS = 100;
const BARE = 'the bare method';
const PASS_ON = 'a wrapper that only passes the call on';

exports.run = () =>
  inTempFolder(async (folder) => {
    const few = await serviceWith(path.join(folder, 'few'), 8);
    const many = await serviceWith(path.join(folder, 'many'), 10_000);
    const result = Promise.resolve(1);
    const method = () => {
      class Invoices {
        create(id) {
          return id === 0 ? undefined : result;
        }
      }
      return Invoices.prototype.create;
    };

    // Each its own function, so that none is optimised by what another has seen.
    const peers = {
      [BARE]: { fn: method(), calls: CALLS },
      [PASS_ON]: { fn: passOn(method()), calls: CALLS },
      '@AutoBackup, 8 backups in the folder': { fn: withAutoBackup(method(), { service: few }), calls: CALLS, of: few },
      '@AutoBackup, 10,000 backups': { fn: withAutoBackup(method(), { service: many }), calls: CALLS, of: many },
      'the straightforward port, 8 backups': { fn: straightforwardPort(few.directory, method()), calls: 20 },
      'the straightforward port, 10,000 backups': {
        fn: straightforwardPort(many.directory, method()),
        calls: 1,
        rounds: 5,
      },
    };
    const times = Object.fromEntries(Object.keys(peers).map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, { fn, calls, of, rounds }] of Object.entries(peers)) {
        if (round >= rounds) continue;
        // The flag is cleared every recheckInterval by a timer, and timers run between the rounds only.
        await new Promise((resolve) => setImmediate(resolve));
        of?.checkDue();
        times[name].push(measure(fn, calls));
      }
    }

    const bare = Math.min(...times[BARE]);
    const passing = Math.min(...times[PASS_ON]) - bare;
    const title = 'A protected call when nothing is due';
    const ratio = { label: 'x a passing wrapper', base: BARE, of: (ns) => (ns - bare) / passing };
    return [
      table({ id: 'not-due', title, unit: 'ns', times, by: 'least', ratio }),
      await followed(method, few, path.join(folder, 'told')),
    ];
  });

/** The same call while somebody follows: the same function, with each follower in turn, so that the rounds can be compared. */
async function followed(method, service, directory) {
  const { instrumentAutoBackup } = load('otel');
  const told = await serviceWith(directory, 8, { notify: { heartbeat: 'http://127.0.0.1:9/', only: [] } });
  const plain = withAutoBackup(method(), { service });
  const { start, asyncEnd } = tracingChannel('sqlite-autobackup:backup');
  const subscriber = () => {};
  const follow = {
    nobody: () => () => {},
    'a subscriber of sqlite-autobackup:backup': () => {
      start.subscribe(subscriber);
      asyncEnd.subscribe(subscriber);
      return () => [start, asyncEnd].forEach((each) => each.unsubscribe(subscriber));
    },
    'sqlite-autobackup/otel': () => instrumentAutoBackup({ services: [service] }),
    'a service with notify': () => () => {},
  };
  const withNotify = withAutoBackup(method(), { service: told });
  const times = Object.fromEntries(Object.keys(follow).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, begin] of Object.entries(follow)) {
      const end = begin();
      await new Promise((resolve) => setImmediate(resolve));
      const [fn, of] = name.includes('notify') ? [withNotify, told] : [plain, service];
      of.checkDue();
      times[name].push(measure(fn, CALLS));
      end();
    }
  }
  const title = 'The same while somebody follows';
  const ratio = { label: 'x nobody', base: 'nobody', of: (it, nobody) => it / nobody };
  return table({ id: 'followed', title, unit: 'ns', times, by: 'least', ratio });
}

function measure(fn, calls) {
  const self = { fn };
  const start = process.hrtime.bigint();
  for (let i = 1; i <= calls; i++) self.fn(i);
  return Number(process.hrtime.bigint() - start) / calls;
}

function passOn(fn) {
  return function (...args) {
    return Reflect.apply(fn, this, args);
  };
}

/** What one would write first: look at every file on every call. */
function straightforwardPort(directory, fn) {
  return function (...args) {
    const newest = fs
      .readdirSync(directory)
      .filter((name) => /^app_backup_\d{8}_\d{6}\.db$/.test(name))
      .map((name) => fs.statSync(path.join(directory, name)).mtimeMs)
      .reduce((a, b) => Math.max(a, b), 0);
    if (Date.now() - newest >= 7 * 86_400_000) throw new Error('due: not in this benchmark');
    return Reflect.apply(fn, this, args);
  };
}

async function serviceWith(directory, count, more = {}) {
  fs.mkdirSync(directory);
  const stamp = (date) => date.toISOString().replace(/[-:]/g, '').replace('T', '_').slice(0, 15);
  for (let i = 0; i < count; i++) {
    fs.writeFileSync(
      path.join(directory, `app_backup_${stamp(new Date(Date.now() - 86_400_000 - i * 3_600_000))}.db`),
      'x',
    );
  }
  const database = path.join(directory, 'app.db');
  createDatabase(database, 8_192);
  const service = new BackupService({
    database,
    interval: '30d',
    retention: { last: Infinity },
    logger: silent,
    ...more,
  });
  // The newest one is real: what has no manifest is looked at by a child before it counts.
  await service.createBackup();
  if (service.shouldBackup()) throw new Error('the benchmark needs a fresh backup');
  return service;
}
