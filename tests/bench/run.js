'use strict';
// npm run bench [-- PART… --size 1mb,100mb --against FILE.tgz --turns 3 --limit 30]: on a machine that should do nothing else.
// Writes build/bench/RESULT.json and prints its tables. A part that fails, or takes too long, is reported, and the rest goes on.
const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { median, print, ROOT } = require('./support.js');

const PARTS = 'not-due loading small-backup first-copy under-load event-loop folder workers dashboard rows'.split(' ');
const BUILD = path.join(ROOT, 'build', 'bench');
/** The part that runs does not outlive them. */
const SIGNALS = ['SIGINT', 'SIGTERM'];

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      size: { type: 'string', default: '1mb,100mb,1gb' },
      against: { type: 'string' },
      turns: { type: 'string', default: '2' },
      limit: { type: 'string', default: '30' },
    },
  });
  const unknown = positionals.find((part) => !PARTS.includes(part));
  if (unknown) throw new Error(`"${unknown}" is not a part: they are ${PARTS.join(', ')}`);
  fs.mkdirSync(BUILD, { recursive: true });
  const options = { sizes: values.size.split(','), limitMs: Number(values.limit) * 60_000 };
  const parts = positionals.length > 0 ? positionals : PARTS;
  const folder = path.join(BUILD, 'against');
  try {
    if (values.against) await compare(path.resolve(values.against), folder, parts, options, Number(values.turns));
  } finally {
    // Two packages of one name would confuse jest.
    fs.rmSync(folder, { recursive: true, force: true });
  }
  if (values.against) return;
  await measureAll(parts, options);
}

async function measureAll(names, options) {
  const about = machine();
  console.log(`Node ${about.node}, ${about.cores} x ${about.cpu}, ${about.system}`);
  const parts = {};
  for (const name of names) {
    parts[name] = await runPart(name, options);
    parts[name].tables?.forEach(print);
    // After each, so that a run that is broken off has not been for nothing.
    fs.writeFileSync(path.join(BUILD, 'RESULT.json'), `${JSON.stringify({ ...about, parts }, null, 1)}\n`);
  }
  const failed = Object.entries(parts).filter(([, { error }]) => error);
  for (const [name, { error }] of failed) console.log(`\n${name} failed: ${error}`);
  console.log(`\n${names.length - failed.length} of ${names.length} parts, in build/bench/RESULT.json`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}

/** In a process of its own, which is ended with all that it has started when its time is over. */
async function runPart(name, { sizes, limitMs, from = ROOT }) {
  const file = path.join(BUILD, `part-${process.pid}.json`);
  fs.rmSync(file, { force: true });
  const { date, commit, node, cores, cpu } = machine();
  const head = { date, commit, machine: `Node ${node}, ${cores} x ${cpu}`, load: { start: load() } };
  // Removed here: a part that is ended from outside removes nothing.
  const disk = fs.mkdtempSync(path.join(process.env.BENCH_DIR ?? os.tmpdir(), 'autobackup-bench-'));
  const clean = () => fs.rmSync(disk, { recursive: true, force: true, maxRetries: 3 });
  const begin = performance.now();
  const child = spawn(process.execPath, [path.join(__dirname, 'run-part.js'), name, file, ...sizes], {
    env: { ...process.env, BENCH_PACKAGE: from, BENCH_DIR: disk },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    process.kill(-child.pid, 'SIGKILL');
  }, limitMs);
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    process.kill(-child.pid, 'SIGKILL');
  };
  for (const signal of SIGNALS) process.once(signal, stop);
  const [code] = await once(child, 'exit');
  for (const signal of SIGNALS) process.off(signal, stop);
  clearTimeout(timer);
  clean();
  if (isStopped) process.exit(1);
  const took = { seconds: Math.round((performance.now() - begin) / 1_000), load: { ...head.load, end: load() } };
  const found = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : { error: `it ended with ${code}` };
  fs.rmSync(file, { force: true });
  return { ...head, ...took, ...(isLate ? { error: `not done after ${limitMs / 60_000} minutes` } : found) };
}

/** Both releases by turns on this machine: what else it does falls on both. Their dependencies are this one's. */
async function compare(tarball, folder, names, options, turns) {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
  const { version } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const result = { ...machine(), against: { file: path.basename(tarball), version }, parts: {} };
  for (const name of names) {
    const runs = { old: [], new: [] };
    for (let turn = 0; turn < turns; turn++) {
      for (const [which, from] of Object.entries({ old: folder, new: ROOT })) {
        const part = await runPart(name, { ...options, from });
        if (part.error) console.log(`${name}, ${which}: ${part.error}`);
        else runs[which].push(part);
      }
    }
    const tables = both(runs);
    tables.forEach(print);
    result.parts[name] = { tables, runs };
    fs.writeFileSync(path.join(BUILD, 'AGAINST.json'), `${JSON.stringify(result, null, 1)}\n`);
  }
  console.log(`\nnew / old below 1: this one is faster. ${turns} turns of each; all in build/bench/AGAINST.json`);
}

/** For each row that both have, the medians of the turns. */
function both(runs) {
  const rowsOf = (which, id) => runs[which].map((part) => part.tables.find((each) => each.id === id)?.rows ?? []);
  const values = (which, { id, by }, name) =>
    rowsOf(which, id).flatMap((rows) =>
      rows
        .filter((row) => row.name === name)
        .map((row) => row[by] ?? [])
        .flat(),
    );
  return (runs.new[0]?.tables ?? []).map((table) => ({
    ...table,
    ratio: 'new / old',
    rows: table.rows.flatMap(({ name }) => {
      const [old, now] = [values('old', table, name), values('new', table, name)];
      if (old.length === 0 || now.length === 0) return [];
      const [before, after] = [median(old), median(now)];
      const numbers = { median: after, least: Math.min(...now), rounds: now.length };
      return [{ name, ...numbers, old: before, ratio: Number((after / before).toPrecision(3)) }];
    }),
  }));
}

function machine() {
  const { name, version } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const [{ model }] = os.cpus();
  return {
    ...{ date: new Date().toISOString(), commit: commit(), package: { name, version }, node: process.version },
    ...{ cpu: model.trim(), cores: os.cpus().length, memoryGb: Math.round(os.totalmem() / 1e9) },
    system: `${os.type()} ${os.release()}`,
  };
}

function commit() {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
  } catch {
    return 'unknown';
  }
}

const load = () => Number(os.loadavg()[0].toFixed(2));

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
