// Inputs that nobody has thought of: `npm run fuzz -- --minutes 1 --seed 7 page where`, or `--seconds 20`. With `--tries 20` in the place of the
// seconds, a seed means the same inputs on every machine.
//
// Each target (targets/) says what must hold, whatever it is given. It runs for the given time in a process of its own, first on
// the inputs in corpus/, then on changed ones and new ones. An input for which something does not hold, or which ends or hangs
// the process, is written to build/fuzz; `--replay FILE` tries it again. Mended, it goes into the corpus (`--keep FILE`), and so
// is tried by every later run. `--grow` adds the inputs that have shown an answer which no other one has.
import { fork } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { TARGETS } from './targets';
import type { Crash, Order, Outcome } from './order';

const RESULTS = path.join('build', 'fuzz');
const CORPUS = path.join(__dirname, 'corpus');
/** An input that takes this long, on however busy a machine, hangs. */
const HANGS_MS = 180_000;
/** The corpus is small: larger inputs are found again, or not missed. */
const MAX_KEPT_BYTES = 4_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string' },
    minutes: { type: 'string' },
    tries: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    replay: { type: 'string' },
    keep: { type: 'string' },
    grow: { type: 'boolean', default: false },
  },
});
/** Not Infinity, which is null for the other process. */
const ENDLESS = 1e9;
const tries = Number(values.tries ?? ENDLESS);
const given = values.minutes === undefined ? values.seconds : Number(values.minutes) * 60;
const seconds = Number(given ?? (values.tries === undefined ? 20 : ENDLESS));
const seed = Number(values.seed);
const names = positionals.length > 0 ? positionals : Object.keys(TARGETS);
const unknown = names.filter((name) => !(name in TARGETS));
if (unknown.length > 0 || !Number.isInteger(seed) || !(seconds >= 0) || !(tries >= 0)) {
  console.error(
    `usage: npm run fuzz -- [--minutes N | --seconds N] [--tries N] [--seed N] [--grow] [--replay FILE] [--keep FILE] [target …]`,
  );
  console.error(`targets: ${Object.keys(TARGETS).join(', ')}`);
  process.exit(2);
}

interface CrashFile extends Crash {
  readonly target: string;
}

const corpusFile = (name: string): string => path.join(CORPUS, `${name}.jsonl`);

function corpusOf(name: string): string[] {
  if (!fs.existsSync(corpusFile(name))) return [];
  return fs.readFileSync(corpusFile(name), 'utf8').trim().split('\n').filter(Boolean);
}

function keep(name: string, inputs: readonly unknown[]): void {
  const known = corpusOf(name);
  const lines = inputs.map((input) => JSON.stringify(input)).filter((line) => line.length <= MAX_KEPT_BYTES);
  const all = [...new Set([...known, ...lines])];
  if (all.length > known.length) fs.writeFileSync(corpusFile(name), `${all.join('\n')}\n`);
}

/** Runs a target; the death of its process, or its silence, is a crash of the input that it was at. */
async function tryTarget(name: string, inputs: readonly unknown[], forSeconds: number): Promise<Outcome> {
  const current = path.join(RESULTS, `${name}.current.json`);
  fs.rmSync(current, { force: true });
  const order: Order = { name, seed, seconds: forSeconds, tries, inputs, current };
  const child = fork(path.join(__dirname, 'try-target.ts'), { execArgv: ['--import', 'tsx'] });
  const told: Outcome[] = [];
  child.on('message', (message) => told.push(message as Outcome));
  const watch = setInterval(() => {
    const { mtimeMs } = fs.statSync(current, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
    if (Date.now() - mtimeMs > HANGS_MS) child.kill('SIGKILL');
  }, 1_000);
  child.send(order);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('exit', (...end) => resolve(end));
  });
  clearInterval(watch);
  const input: unknown = fs.existsSync(current) ? JSON.parse(fs.readFileSync(current, 'utf8')) : undefined;
  fs.rmSync(current, { force: true });
  if (told[0]) return told[0];
  const how =
    signal === 'SIGKILL'
      ? `it did not end within ${HANGS_MS / 1000} s`
      : `the process ended (${signal ?? `code ${code}`})`;
  return { tries: 0, answers: [], crashes: [{ input, problem: how }] };
}

function write(target: string, crash: Crash, number: number): string {
  const file = path.join(RESULTS, `${target}-${seed}-${number}.json`);
  const contents: CrashFile = { target, ...crash };
  fs.writeFileSync(file, `${JSON.stringify(contents, null, 1)}\n`);
  return file;
}

async function main(): Promise<boolean> {
  fs.mkdirSync(RESULTS, { recursive: true });
  if (values.keep !== undefined) {
    const { target, input } = JSON.parse(fs.readFileSync(values.keep, 'utf8')) as CrashFile;
    keep(target, [input]);
    return true;
  }
  if (values.replay !== undefined) {
    const { target, input } = JSON.parse(fs.readFileSync(values.replay, 'utf8')) as CrashFile;
    const { answers, crashes } = await tryTarget(target, [input], 0);
    for (const [answer] of answers) console.log(`${target}: ${answer}`);
    for (const { problem } of crashes) console.log(`${target}: ${problem}`);
    return crashes.length === 0;
  }

  console.log(`seed ${seed}, ${values.tries === undefined ? `${seconds} s` : `${tries} new inputs`} each\n`);
  console.log('target         tries  answers  crashes');
  let sound = true;
  for (const name of names) {
    const inputs = corpusOf(name).map((line) => JSON.parse(line) as unknown);
    const { tries, answers, crashes } = await tryTarget(name, inputs, seconds);
    if (values.grow) keep(name, answers.map(([, input]) => input)); // prettier-ignore
    const cells = [tries, answers.length, crashes.length].map((count, i) => String(count).padStart([7, 9, 9][i]!));
    console.log(name.padEnd(13) + cells.join(''));
    crashes.forEach((crash, i) => {
      console.log(`  does not hold: ${TARGETS[name]!.invariant}`);
      console.log(`  ${write(name, crash, i + 1)}: ${crash.problem.split('\n').slice(0, 6).join('\n  ')}`);
    });
    // Nothing tried, nothing shown.
    sound &&= crashes.length === 0 && tries > 0;
  }
  return sound;
}

void main().then((sound) => (process.exitCode = sound ? 0 : 1));
