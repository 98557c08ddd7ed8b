// `npm run mutants`: does a test fail when a line of src/ is wrong? Each list beside this file has, for one room, lines that are
// made wrong by hand, one at a time, and the tests that have to notice: all of those files, or those whose names `only` matches.
// `npm run mutants -- retention` runs one list, `npm run mutants -- retention/keep` those of one file.
// tests/unit/mutants.test.ts looks in each run of the unit tests whether the lists still fit the code.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import ts from 'typescript';

const HERE = import.meta.dirname;
const ROOT = path.join(HERE, '..', '..');
/** A mutant may make a test wait for ever. The whole run of the tests that it is given takes seconds. */
const LIMIT_MS = 180_000;
const DECIDES_PERCENT = 90;
const ALL_PERCENT = 80;

const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (file) => fs.readFileSync(file, 'utf8'));
const { options: compilerOptions } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);

const wanted = process.argv.slice(2);
const workers = Math.min(2, os.availableParallelism());

const mutants = fs
  .readdirSync(HERE)
  .filter((file) => file.endsWith('.json'))
  .flatMap((file) =>
    JSON.parse(fs.readFileSync(path.join(HERE, file), 'utf8')).map((mutant) => ({
      room: path.basename(file, '.json'),
      ...mutant,
    })),
  )
  .filter(({ room, file }) => wanted.length === 0 || wanted.some((text) => room === text || file.includes(text)));

const places = Array.from({ length: workers }, (_, i) => path.join(ROOT, 'build', `mutants-${process.pid}-${i}`));
/** Process groups of tests that run: they must not outlive this process. */
const running = new Set();
process.once('exit', () => {
  for (const pid of running) process.kill(-pid, 'SIGKILL');
  for (const place of places) fs.rmSync(place, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

process.exitCode = await main();

async function main() {
  const stale = mutants.filter(({ file, find }) => readSource(file).split(find).length !== 2);
  for (const { room, file, find } of stale)
    console.log(`STALE  ${room}  ${file} does not have this text once: ${find}`);
  if (stale.length > 0 || mutants.length === 0) return 1;

  for (const place of places) buildAll(place);
  const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests))];
  const names = mutants.every(({ only }) => only) ? mutants.map(({ only }) => only).join('|') : undefined;
  const sound = await run(places[0], tests, names, console.error);
  if (sound !== 'lived') {
    console.log('The tests have to pass before anything is made wrong: see above.');
    return 1;
  }

  const queue = mutants.map((mutant, i) => ({ ...mutant, i }));
  const results = [];
  await Promise.all(
    places.map(async (place) => {
      for (let mutant = queue.shift(); mutant; mutant = queue.shift()) results.push(await tryOne(place, mutant));
    }),
  );
  return report(results.sort((a, b) => a.i - b.i));
}

async function tryOne(place, mutant) {
  const { file, find, replace, tests, only, what } = mutant;
  const target = path.join(place, 'dist', file.replace(/\.ts$/, '.js'));
  const sound = fs.readFileSync(target);
  // A function: in a text, $ has a meaning.
  fs.writeFileSync(
    target,
    transpile(
      readSource(file).replace(find, () => replace),
      file,
    ),
  );
  const end = await run(place, tests, only);
  fs.writeFileSync(target, sound);
  console.log(`${end.padEnd(8)} ${folderOf(mutant).padEnd(20)} ${what}`);
  return { ...mutant, end };
}

function report(results) {
  const rows = [];
  for (const folder of [...new Set(results.map(folderOf)), 'all']) {
    const own = results.filter((each) => folder === 'all' || folderOf(each) === folder);
    const deciding = own.filter(({ decides = true }) => decides);
    rows.push({
      folder,
      mutants: own.length,
      ...score(own, 'killed', 'percent'),
      ...score(deciding, 'of deciding', 'decides %'),
    });
  }
  console.table(Object.fromEntries(rows.map(({ folder, ...row }) => [folder, row])));
  const alive = results.filter(({ end }) => end === 'lived');
  for (const { file, what, find, lives } of alive) {
    console.log(`LIVES  ${file}: ${what}\n       ${find}\n       ${lives ?? 'no test notices it'}`);
  }
  const all = rows.at(-1);
  const good = all.percent >= ALL_PERCENT && all['decides %'] >= DECIDES_PERCENT;
  console.log(
    `${good ? 'Enough' : 'NOT ENOUGH'}: ${all['decides %']} % of what decides (${DECIDES_PERCENT}), ${all.percent} % of all (${ALL_PERCENT}).`,
  );
  return good && alive.every(({ lives }) => lives !== undefined) ? 0 : 1;
}

function folderOf({ file }) {
  return path.posix.dirname(file);
}

function score(mutants, count, percent) {
  const killed = mutants.filter(({ end }) => end !== 'lived').length;
  return { [count]: killed, [percent]: mutants.length === 0 ? 100 : Math.floor((100 * killed) / mutants.length) };
}

/**
 * Runs these tests on the copy in `place`.
 *
 * @param only a regular expression: of which names; all if it is missing
 * @returns `'lived'`: all have passed; `'killed'`: one has failed; `'hung'`: they were not done in time
 */
function run(place, tests, only, tell = () => {}) {
  const jest = path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const patterns = tests.map((test) => path.join('tests', test)).join('|');
  const args = [jest, '--config', path.join(HERE, 'jest.config.cjs'), '--rootDir', ROOT, '--runInBand', '--bail'];
  const named = only ? ['--testNamePattern', only] : [];
  const child = spawn(process.execPath, [...args, '--silent', ...named, '--testPathPatterns', patterns], {
    cwd: ROOT,
    env: { ...process.env, AUTOBACKUP_DIST: path.join(place, 'dist') },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  running.add(child.pid);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-100_000)));
  return new Promise((resolve, reject) => {
    let hung = false;
    const timer = setTimeout(
      () => {
        hung = true;
        process.kill(-child.pid, 'SIGKILL');
      },
      LIMIT_MS * (tests.length > 6 ? 4 : 1),
    );
    child.on('error', reject);
    child.on('close', (code) => {
      running.delete(child.pid);
      clearTimeout(timer);
      if (hung) return resolve('hung');
      if (code === 0 && /^Tests: .*\d passed/m.test(said)) return resolve('lived');
      if (code === 0) return reject(new Error(`No test of "${patterns}" is called "${only}".`));
      // A test that failed, or a process that was ended by what nobody caught; but not a list that names no test.
      if (/No tests found/.test(said)) return reject(new Error(`There are no tests "${patterns}".`));
      tell(said);
      resolve('killed');
    });
  });
}

function buildAll(place) {
  const src = path.join(ROOT, 'src');
  const files = fs
    .readdirSync(src, { recursive: true })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
  for (const file of files) {
    const target = path.join(place, 'dist', file.replace(/\.ts$/, '.js'));
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.writeFileSync(target, transpile(readSource(file), file));
  }
  // Where the code looks for its own package.json; without the name, of which jest allows one only.
  const { version, engines } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  fs.writeFileSync(path.join(place, 'package.json'), JSON.stringify({ version, engines }));
}

function readSource(file) {
  return fs.readFileSync(path.join(ROOT, 'src', file), 'utf8');
}

/** By the compiler, as what ships: tests put doubles in the place of exports, which another one's would not allow. */
function transpile(text, file) {
  return ts.transpileModule(text, { compilerOptions, fileName: path.join(ROOT, 'src', file) }).outputText;
}
