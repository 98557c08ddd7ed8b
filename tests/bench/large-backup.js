'use strict';
// A large backup, verified, hashed and on the disk, against the same work by the shell; and against the limit, cp + fsync.
const { spawn, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { childProcessSnapshotter } = require('sqlite-autobackup');
const { createDatabase, inTempFolder, median, row, seconds, shell, title } = require('./support.js');

const MEGABYTES = Number(process.env.BENCH_MB ?? 600);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);

exports.run = () =>
  inTempFolder(async (folder) => {
    title(
      `A backup of ${MEGABYTES} MB, verified (quick_check), hashed and fsynced; median of ${ROUNDS} alternating rounds`,
    );
    const database = path.join(folder, 'app.db');
    createDatabase(database, MEGABYTES * 1e6);
    const target = path.join(folder, 'copy.db');
    const peers = {
      ours: () => ours(database),
      'sqlite3 .backup, quick_check, sha256sum, sync': () =>
        timed(() => shell(shellSteps(database, target).join('\n'))),
      'cp + fsync (the limit: no snapshot, no check, no hash)': () =>
        timed(() => shell(`cp '${database}' '${target}'; sync '${target}'`)),
    };
    const have = spawnSync('sqlite3', ['--version']).status === 0;
    if (!have) delete peers['sqlite3 .backup, quick_check, sha256sum, sync'];
    if (!have) console.log('(no sqlite3 shell on this machine: apt-get install sqlite3)');

    const times = Object.fromEntries(Object.keys(peers).map((name) => [name, []]));
    const steps = {};
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, peer] of Object.entries(peers)) {
        // Everything starts with a warm page cache and nothing left to write.
        shell(`cat '${database}' > /dev/null; sync`);
        const { ms, took } = await peer();
        times[name].push(ms);
        for (const [step, stepMs] of Object.entries(took ?? {})) (steps[step] ??= []).push(stepMs);
        clean(folder);
      }
    }

    const own = median(times.ours);
    row('', 'wall', 'ours / it');
    for (const [name, all] of Object.entries(times)) row(name, seconds(median(all)), (own / median(all)).toFixed(2));
    console.log('\nWhere the time goes:');
    for (const [step, all] of Object.entries(steps)) row(`  ${step}`, seconds(median(all)));
    const peak = await peakMemory(database);
    console.log(`\nPeak memory of the child (VmHWM): ${peak === undefined ? 'not known here' : `${peak} MB`}`);
    clean(folder);
  });

function shellSteps(database, target) {
  return [
    `sqlite3 '${database}' ".backup '${target}'"`,
    `test "$(sqlite3 '${target}' 'PRAGMA quick_check')" = ok`,
    `sha256sum '${target}'`,
    `sync '${target}'`,
  ];
}

async function timed(work) {
  const start = performance.now();
  await work();
  return { ms: performance.now() - start };
}

function request(database) {
  return { database, directory: path.dirname(database), ifOlderThanMs: null, verify: 'quick', timeoutMs: 600_000 };
}

async function ours(database) {
  const took = {};
  let step = 'start';
  let since = performance.now();
  const next = (name) => {
    const now = performance.now();
    took[step] = (took[step] ?? 0) + now - since;
    [step, since] = [name, now];
  };
  const { ms } = await timed(() =>
    childProcessSnapshotter().create(request(database), { onProgress: (p) => p.step !== step && next(p.step) }),
  );
  next('end');
  return { ms, took };
}

/** In MB, of the same child run by hand: its pid is needed while it lives. */
function peakMemory(database) {
  if (process.platform !== 'linux') return undefined;
  const main = path.join(path.dirname(require.resolve('sqlite-autobackup')), 'isolated', 'main.js');
  const child = spawn(process.execPath, [main], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(JSON.stringify({ kind: 'create', ...request(database) }));
  let peak = 0;
  const poll = setInterval(() => {
    try {
      peak = Number(/VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? peak);
    } catch {
      // It has just ended.
    }
  }, 5);
  return new Promise((resolve) =>
    child.on('close', () => {
      clearInterval(poll);
      resolve(Math.round(peak / 1024));
    }),
  );
}

function clean(folder) {
  for (const name of fs.readdirSync(folder)) {
    if (name.includes('_backup_') || name.startsWith('copy.db')) fs.rmSync(path.join(folder, name));
  }
}

if (require.main === module) void exports.run();
