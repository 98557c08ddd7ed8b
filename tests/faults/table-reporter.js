// Prints the table of faults, law by law, from what the tests have counted (tests/support/fault-record.ts):
// `jest --selectProjects faults --reporters=default --reporters=./tests/faults/table-reporter.js`. The run has failed where anything
// was lost, and, if all files ran, where nothing was tried against a law. build/faults/ has it as JSON and as Markdown.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const FOLDER = path.join(__dirname, '..', '..', 'build', 'faults');
const RECORD = path.join(FOLDER, 'record.jsonl');

/** In short; docs/architecture.md has them whole. */
const LAWS = [
  "The app's process never opens the live database",
  'A backup exists only when it is whole',
  'Not due costs nothing',
  'One due moment, one backup',
  'A failed listing is a failure',
  'Pruning never runs after a failure, nor removes what must stay',
  'A restore leaves entirely the old or entirely the restored database',
  'A protected call is the same in every state',
  'Names come from the folder, and nothing is opened through a link',
  'Good is said only of what was looked at',
];
const COLUMNS = ['fault', 'injected', 'lost', 'what the user saw', 'seed', 'test'];
const SEEN_SHOWN = 4;

module.exports = class FaultsReporter {
  #isWhole;

  constructor({ testPathPatterns, testNamePattern }) {
    // Elsewhere some of the faults cannot be put on.
    this.#isWhole = testPathPatterns.patterns.length === 0 && !testNamePattern && process.platform === 'linux';
    // The workers, which come later, have this process's environment.
    process.env.FAULT_RECORD = RECORD;
  }

  onRunStart() {
    fs.rmSync(FOLDER, { recursive: true, force: true });
    fs.mkdirSync(FOLDER, { recursive: true });
  }

  onRunComplete() {
    const laws = lawsOf(readLines());
    const at = new Date().toISOString();
    const machine = { node: process.version, system: `${os.type()} ${os.release()}`, processors: os.cpus().length };
    fs.writeFileSync(path.join(FOLDER, 'faults.json'), `${JSON.stringify({ at, ...machine, laws }, null, 2)}\n`);
    fs.writeFileSync(path.join(FOLDER, 'faults.md'), asMarkdown(laws, at));
    console.log(asText(laws));
    const lost = laws.filter((law) => law.lost > 0).map(({ law }) => law);
    const untried = laws.filter((law) => law.injected === 0).map(({ law }) => law);
    if (lost.length > 0) fail(`Something was lost: law ${lost.join(', ')}.`);
    if (this.#isWhole && untried.length > 0) fail(`Nothing was tried against law ${untried.join(', ')}.`);
  }
};

/** Jest ends with this code where no test has failed. */
function fail(message) {
  console.error(message);
  process.exitCode = 1;
}

function readLines() {
  if (!fs.existsSync(RECORD)) return [];
  return fs.readFileSync(RECORD, 'utf8').trim().split('\n').filter(Boolean).map(JSON.parse);
}

/** The lines of one kind of fault in one file are one row. */
function lawsOf(lines) {
  return LAWS.map((name, at) => {
    const rows = new Map();
    for (const { law, fault, seed, file, injected, lost, seen } of lines) {
      if (law !== at + 1) continue;
      const key = JSON.stringify([fault, file]);
      const row = rows.get(key) ?? { fault, injected: 0, lost: 0, seen: {}, seeds: [], file };
      rows.set(key, row);
      row.injected += injected;
      row.lost += lost;
      for (const [what, times] of Object.entries(seen)) row.seen[what] = (row.seen[what] ?? 0) + times;
      if (seed !== undefined && !row.seeds.includes(seed)) row.seeds.push(seed);
    }
    const all = [...rows.values()].sort((a, b) => (a.file + a.fault < b.file + b.fault ? -1 : 1));
    const sum = (key) => all.reduce((total, row) => total + row[key], 0);
    return { law: at + 1, name, injected: sum('injected'), lost: sum('lost'), rows: all };
  });
}

function cellsOf({ fault, injected, lost, seen, seeds, file }) {
  const sorted = Object.entries(seen).sort(([, a], [, b]) => b - a);
  const shown = sorted.slice(0, SEEN_SHOWN).map(([what, times]) => `${what} (${times})`);
  const rest = sorted.slice(SEEN_SHOWN).reduce((total, [, times]) => total + times, 0);
  if (rest > 0) shown.push(`${sorted.length - SEEN_SHOWN} others (${rest})`);
  return [fault, String(injected), String(lost), shown.join(', ') || '-', seeds.join(', ') || '-', file];
}

function titleOf({ law, name, injected, lost }) {
  const tried = injected === 0 ? 'not shown: nothing was tried' : `${injected} injected, ${lost} lost`;
  return `${law}. ${name}: ${tried}`;
}

function asText(laws) {
  const lines = [''];
  for (const law of laws) {
    lines.push(titleOf(law));
    for (const row of law.rows) {
      const [fault, injected, lost, seen, seed, file] = cellsOf(row);
      const repeat = seed === '-' ? '' : `, seed ${seed}`;
      lines.push(`     ${injected.padStart(7)} ${lost.padStart(3)} lost  ${fault} [${file}${repeat}]`);
      lines.push(`                        saw: ${seen}`);
    }
  }
  const sum = (key) => laws.reduce((total, law) => total + law[key], 0);
  const shown = laws.filter(({ injected }) => injected > 0).length;
  lines.push('', `${sum('injected')} faults against ${shown} of ${laws.length} laws, ${sum('lost')} lost`, '');
  return lines.join('\n');
}

function asMarkdown(laws, at) {
  const row = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const parts = laws.map((law) => {
    const table = [row(COLUMNS), row(COLUMNS.map(() => '---')), ...law.rows.map((each) => row(cellsOf(each)))];
    return [`### ${titleOf(law)}`, ...(law.rows.length > 0 ? ['', ...table] : [])].join('\n');
  });
  return `Of ${at.slice(0, 10)}, \`npm run faults\`.\n\n${parts.join('\n\n')}\n`;
}
