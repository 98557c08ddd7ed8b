'use strict';
// While an app commits some hundred rows a second: what each way of keeping the database safe costs, and what the app's commits notice.
const { spawn } = require('node:child_process');
const { EventEmitter, once } = require('node:events');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { copyPeers, followers } = require('./peers.js');
const { byTurns, createDatabase, inTempFolder, removeBackups, shell, table, times } = require('./support.js');

const MEGABYTES = 100;
const LOAD_MS = Number(process.env.BENCH_LOAD_MS ?? 6_000);
const GIVE_UP_MS = 10_000;
const ROUNDS = 3;
const NOBODY = 'nobody';

exports.run = () =>
  inTempFolder(async (folder) => {
    const database = path.join(folder, 'app.db');
    createDatabase(database, MEGABYTES * 1e6);
    const copies = copyPeers();
    const copy = (name) => copies[name] && (() => copies[name](database, folder));
    const peers = {
      [NOBODY]: async () => ({ cpuMs: 0, written: 0, mb: 0 }),
      'ours, one backup': copy('ours'),
      "better-sqlite3's backup()": copy("better-sqlite3's backup()"),
      "the shell's .backup": copy("the shell's .backup"),
      ...Object.fromEntries(
        Object.entries(followers()).map(([name, follow]) => [
          name,
          follow && ((until) => follow(database, folder, until)),
        ]),
      ),
    };
    const found = await byTurns(ROUNDS, peers, async (peer) => {
      try {
        return await underLoad(database, peer);
      } finally {
        removeBackups(folder);
        shell(`rm -rf '${folder}/.app.db-litestream'; sync`);
      }
    });
    const of = (pick) =>
      Object.fromEntries(
        Object.entries(found).map(([name, all]) => {
          const values = all.map(pick).filter((value) => value !== undefined);
          return [name, values.length > 0 ? values : all.length > 0 ? 'not done' : []];
        }),
      );
    const withoutNobody = (all) => Object.fromEntries(Object.entries(all).filter(([name]) => name !== NOBODY));
    const title = `${MEGABYTES} MB, ${LOAD_MS / 1000} s of commits`;
    return [
      table({
        id: 'commit-p50',
        title: `A commit, median: ${title}`,
        unit: 'ms',
        times: of(({ p50 }) => p50),
        ratio: times(NOBODY),
      }),
      table({
        id: 'commit-p99',
        title: `A commit, p99: ${title}`,
        unit: 'ms',
        times: of(({ p99 }) => p99),
        ratio: times(NOBODY),
      }),
      table({
        id: 'load-cpu',
        title: `CPU time: ${title}`,
        unit: 'ms',
        times: withoutNobody(of(({ cpuMs }) => cpuMs)),
      }),
      table({
        id: 'load-written',
        title: `Written: ${title}`,
        unit: 'MB',
        times: withoutNobody(of(({ written }) => written && written / 1e6)),
      }),
    ];
  });

async function underLoad(database, peer) {
  const writer = spawn(process.execPath, [path.join(__dirname, 'writer.js'), database], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  writer.stdout.on('data', (data) => (text += data));
  const ended = once(writer, 'close');
  const until = new EventEmitter();
  await sleep(300);
  let cost;
  const working = peer(until).then((found) => (cost = found));
  await sleep(LOAD_MS);
  until.emit('stop');
  // A copy that begins anew at every commit would never end. What it costs is known only if it ends before the writer does, whose
  // costs would be among it.
  await Promise.race([working, sleep(GIVE_UP_MS, undefined, { ref: false })]);
  const inTime = cost;
  writer.stdin.end();
  await ended;
  await working;
  return { ...JSON.parse(text), ...(inTime && { cpuMs: inTime.cpuMs, written: inTime.written }) };
}
