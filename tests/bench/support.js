'use strict';
// What the benchmarks share. They return ratios between things measured in the same run, never verdicts: machines are noisy.
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const os = require('node:os');
const path = require('node:path');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const Database = require('better-sqlite3');

const ROOT = path.join(__dirname, '..', '..');
exports.ROOT = ROOT;
/** The release that is measured: this one, or with `--against` the other one by turns. */
exports.PACKAGE = process.env.BENCH_PACKAGE ?? ROOT;
/** `load('otel')`: what the measured release has under that subpath. */
exports.load = (subpath) =>
  createRequire(path.join(exports.PACKAGE, 'package.json'))(['sqlite-autobackup', subpath].filter(Boolean).join('/'));

/** Runs `work` in a folder on a real disk (BENCH_DIR, default the system's temporary folder) and removes it afterwards. */
exports.inTempFolder = async (work) => {
  const folder = fs.mkdtempSync(path.join(process.env.BENCH_DIR ?? os.tmpdir(), 'autobackup-bench-'));
  try {
    return await work(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
};

/** A database of about `bytes`: rows, two indexes, and the freelist and overflow pages that real ones have. */
exports.createDatabase = (file, bytes, journalMode = 'wal') => {
  const db = new Database(file);
  db.pragma(`journal_mode = ${journalMode}`);
  db.pragma('synchronous = OFF');
  db.exec(`
    CREATE TABLE invoices (id INTEGER PRIMARY KEY, customer TEXT NOT NULL, created TEXT NOT NULL, total INTEGER, note TEXT, scan BLOB);
    CREATE INDEX invoices_customer ON invoices (customer);
    CREATE INDEX invoices_created ON invoices (created);
  `);
  // Beyond a gigabyte larger scans, or filling it takes longer than all that is measured.
  const scan = bytes > 2e9 ? 20 : 1;
  const add = db.prepare(
    "INSERT INTO invoices (customer, created, total, note, scan) VALUES (hex(randomblob(12)), datetime(?, 'unixepoch'), ?, hex(randomblob(200)), randomblob(?))",
  );
  const pages = db.prepare('PRAGMA page_count').pluck();
  const rows = db.transaction((from) => {
    for (let i = from; i < from + 2000; i++)
      add.run(1_700_000_000 + i, i % 10_000, scan * (i % 50 === 0 ? 20_000 : 500));
  });
  for (let from = 0; pages.get() * 4096 < bytes; from += 2000) rows(from);
  db.exec('DELETE FROM invoices WHERE id % 37 = 0');
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
};

/** Backups by their names and manifests alone, the newest a minute old; no databases. */
exports.plantBackups = (directory, database, count, { everyMs = 3_600_000, sizeBytes = 4096 } = {}) => {
  // By this release's own rules: the files are the same for every one.
  const { backupName, backupNaming, manifestName } = require(path.join(ROOT, 'dist/catalog/backup-name.js'));
  const { formatManifest } = require(path.join(ROOT, 'dist/catalog/manifest.js'));
  const naming = backupNaming(database);
  const contents = Buffer.alloc(sizeBytes, 1);
  for (let i = 0; i < count; i++) {
    const at = new Date(Date.now() - 60_000 - i * everyMs);
    const name = backupName(naming, at);
    fs.writeFileSync(path.join(directory, name), contents);
    fs.utimesSync(path.join(directory, name), at, at);
    const manifest = {
      ...{ formatVersion: 1, name, createdAt: at.toISOString(), sizeBytes, pageCount: 1, pageSize: 4096 },
      ...{ journalMode: 'wal', sha256: String(i).padStart(64, '0'), verified: 'quick', verifiedAt: at.toISOString() },
      ...{ durationMs: 80, protected: false, label: `Invoices.remove${i % 9}` },
    };
    fs.writeFileSync(path.join(directory, manifestName(naming, name)), formatManifest(manifest));
  }
};

exports.removeBackups = (folder) => {
  for (const name of fs.readdirSync(folder)) {
    if (name.includes('_backup_') || name.startsWith('copy.')) fs.rmSync(path.join(folder, name), { recursive: true });
  }
};

/** Runs a command line of the shell and fails loudly if it fails. */
exports.shell = (command) => {
  const { status, stderr, stdout } = spawnSync('/bin/bash', ['-ec', command], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout;
};

/** Nothing left to write, and the file in the page cache: all begin alike. */
exports.warm = (file) => exports.shell(`cat '${file}' > /dev/null; sync`);

exports.timed = async (work) => {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
};

/** The longest that the event loop was held up while `work` went on, in ms. */
exports.worstDelay = async (work) => {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  // The first interval begins with the loop's next turn.
  await new Promise((resolve) => setTimeout(resolve, 20));
  histogram.reset();
  await work();
  await new Promise((resolve) => setTimeout(resolve, 5));
  histogram.disable();
  return histogram.max / 1e6;
};

/**
 * What a program costs, with all that it starts and waits for: wall and CPU time, the most memory that one of its processes had
 * (VmHWM), and what it gave to the disk (proc(5): write_bytes). `undefined` where the system is not Linux.
 *
 * @param ended resolves when it has done its work, if that is before it ends; then it is asked to end
 */
exports.measured = async (command, args, { input, ended } = {}) => {
  const before = childCosts();
  const begin = performance.now();
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const exit = once(child, 'close');
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => (stdout += data));
  child.stderr.on('data', (data) => (stderr += data));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  let peakKb = 0;
  const looking = setInterval(() => (peakKb = Math.max(peakKb, peakOf(child.pid))), 5);
  try {
    let ms;
    if (ended) {
      await Promise.race([ended(), exit]);
      ms = performance.now() - begin;
      child.kill('SIGTERM');
    }
    const [code] = await exit;
    ms ??= performance.now() - begin;
    if (code !== 0 && !ended) throw new Error(`${command} ${args.join(' ')}: ${stderr || `code ${code}`}`);
    const after = childCosts();
    const cost = { ms, stdout, mb: (peakKb * 1024) / 1e6 };
    return after ? { ...cost, cpuMs: after.cpuMs - before.cpuMs, written: after.written - before.written } : cost;
  } finally {
    clearInterval(looking);
    child.kill('SIGKILL');
  }
};

/** The system counts a child's when it has ended and was waited for. */
function childCosts() {
  if (process.platform !== 'linux') return undefined;
  const fields = fs.readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
  const [user, system] = fields.slice(13, 15).map(Number);
  const [, written] = /^write_bytes: (\d+)/m.exec(fs.readFileSync('/proc/self/io', 'utf8'));
  return { cpuMs: 10 * (user + system), written: Number(written) };
}
exports.childCosts = childCosts;

/** Of a process and all below it, the one with the most memory, in KB. */
function peakOf(pid) {
  try {
    const [, kb = 0] = /VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return Math.max(Number(kb), ...children.map(peakOf));
  } catch {
    // It has just ended.
    return 0;
  }
}

/** A program of the test-only package folders, or `undefined`: `npm ci --prefix` that folder brings it. */
exports.program = (folder, inside) => {
  const file = path.join(ROOT, 'tests', folder, 'node_modules', inside);
  return fs.existsSync(file) ? file : undefined;
};
exports.hasShell = () => spawnSync('sqlite3', ['--version']).status === 0;

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
exports.median = median;
exports.percentile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
exports.silent = { info() {}, warn() {}, error() {} };

/**
 * A table of what was measured.
 *
 * @param unit of the numbers: `'ms'`, `'ns'`, `'MB'`, `'s'`
 * @param times by name: all rounds, `undefined` for what is not on this machine, a text for why there is no number
 * @param ratio what each row is compared by: `{ label: 'ours / it', of: (ours, it) => ours / it, base: 'ours' }`
 * @param by `'least'` where only the best round counts: what else the machine does only ever adds
 */
exports.table = ({ id, title, unit, times, ratio, by = 'median' }) => {
  const rows = Object.entries(times).flatMap(([name, all]) => {
    if (all === undefined || all.length === 0) return [];
    if (typeof all === 'string') return [{ name, note: all }];
    return [{ name, median: rounded(median(all)), least: rounded(Math.min(...all)), rounds: all.length }];
  });
  const base = ratio && rows.find(({ name }) => name === ratio.base)?.[by];
  for (const row of rows) {
    if (base === undefined || row[by] === undefined || row.name === ratio.base) continue;
    const value = ratio.of ? ratio.of(row[by], base) : base / row[by];
    if (Number.isFinite(value)) row.ratio = rounded(value);
  }
  return { id, title, unit, by, ...(ratio && { ratio: ratio.label }), rows };
};
/** How many times as long as the first: for what has a lower limit. */
exports.times = (base) => ({ label: `x ${base}`, base, of: (it, least) => it / least });
exports.oursOver = (base = 'ours') => ({ label: 'ours / it', base });

function rounded(value) {
  return Number(value.toPrecision(4));
}

exports.print = ({ title, unit, ratio, rows }) => {
  console.log(`\n## ${title}\n`);
  const line = (name, ...cells) =>
    console.log(`${name.padEnd(64)}${cells.map((cell) => String(cell).padStart(16)).join('')}`);
  line('', `median, ${unit}`, `least, ${unit}`, 'rounds', ratio ?? '');
  for (const { name, note, median, least, rounds, ratio } of rows) {
    if (note) line(name, note);
    else line(name, median, least, rounds, ratio ?? '');
  }
};

/** `'8gb'` in bytes. */
exports.bytesOf = (size) => {
  const [, number, unit] = /^(\d+)(mb|gb)$/i.exec(size) ?? [];
  if (!unit) throw new Error(`--size ${size}: write 1mb, 100mb, 1gb, 8gb`);
  return Number(number) * (unit.toLowerCase() === 'gb' ? 1e9 : 1e6);
};

/** Lets each take its turn, so that what else the machine does falls on all alike. */
exports.byTurns = async (rounds, peers, measure) => {
  const all = Object.fromEntries(Object.keys(peers).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, peer] of Object.entries(peers)) if (peer) all[name].push(await measure(peer, name, round));
  }
  return all;
};
