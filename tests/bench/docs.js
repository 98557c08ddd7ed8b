'use strict';
// npm run bench:docs: docs/benchmarks.json takes over the parts of the last run, and the tables of docs/benchmarks.md and the charts
// are drawn from it. A part that the last run has not measured stays, with its own date.
const fs = require('node:fs');
const path = require('node:path');
const { bars, lines } = require('./charts.js');

const ROOT = path.join(__dirname, '..', '..');
const JSON_FILE = path.join(ROOT, 'docs', 'benchmarks.json');
const PAGE = path.join(ROOT, 'docs', 'benchmarks.md');
const IMAGES = path.join(ROOT, 'docs', 'images');
const RESULT = path.join(ROOT, 'build', 'bench', 'RESULT.json');

/** The page with the tables of this run between its markers, `<!-- bench:PART -->` and `<!-- /bench -->`. */
exports.pageOf = (page, result) =>
  page.replace(/(<!-- bench:([\w-]+) -->\n)[^]*?(<!-- \/bench -->)/g, (_, begin, name, end) => {
    const part = result.parts[name];
    const text = part?.tables ? [...part.tables.map(tableOf), footOf(part)].join('\n\n') : 'Not measured yet.';
    return `${begin}\n${text}\n\n${end}`;
  });

/** The charts of this run, by their file names; of what it has not measured there is none. */
exports.chartsOf = ({ parts }) => {
  const tables = Object.values(parts).flatMap((part) => part.tables ?? []);
  const table = (id) => tables.find((each) => each.id === id);
  const charts = {};
  const drawBars = (file, found, title) => {
    if (found) charts[file] = bars(title ?? found.title, found.unit, barsOf(found));
  };
  const copies = tables.filter(({ id, size }) => size && id === `copy-${size}`);
  drawBars('bench-copy.svg', copies.at(-1));
  drawBars('bench-commit-p99.svg', table('commit-p99'));
  drawBars('bench-event-loop.svg', table('event-loop'));
  drawBars(
    'bench-stalls.svg',
    tables.findLast(({ id }) => /^stalls-\d+$/.test(id)),
  );
  if (copies.length > 1) charts['bench-growth.svg'] = growthOf(copies);
  return charts;
};

function barsOf({ rows, by }) {
  return rows.filter((row) => row[by] > 0).map((row) => ({ name: row.name, value: row[by], ours: isOurs(row.name) }));
}

const isOurs = (name) => /^(ours|backupIfDue|listBackups|status|pruneBackups)/.test(name);

function growthOf(copies) {
  const names = [...new Set(copies.flatMap(({ rows }) => rows.map(({ name }) => name)))];
  const series = names.map((name) => ({
    ...{ name: name.replace(/[:(,].*/, '').trim(), ours: name === 'ours' },
    points: copies.flatMap(({ bytes, rows }) => {
      const value = rows.find((row) => row.name === name)?.median;
      return value > 0 ? [[bytes, value]] : [];
    }),
  }));
  const drawn = series.filter(({ points }) => points.length > 1);
  return lines('A first copy, by the size of the database', 'ms', drawn, copies.map(({ bytes, size }) => [bytes, size.toUpperCase()])); // prettier-ignore
}

function tableOf({ title, unit, by, ratio, rows }) {
  const head = ['', `${by}, ${unit}`, by === 'least' ? 'median' : 'least', 'rounds', ratio ?? ''];
  const cells = rows.map(({ name, note, median, least, rounds, ratio: is }) => {
    const numbers = by === 'least' ? [least, median] : [median, least];
    return note ? [name, note, '', '', ''] : [name, ...numbers.map(shown), rounds, is === undefined ? '' : shown(is)];
  });
  const line = (each) => `| ${each.join(' | ')} |`;
  return [`**${title}**`, '', line(head), '|---|---|---|---|---|', ...cells.map(line)].join('\n');
}

function shown(value) {
  const digits = value >= 1_000 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}

function footOf({ date, commit, machine, load, seconds }) {
  const when = `${date.slice(0, 10)}, ${commit}`;
  return `Measured on ${when}: ${machine}; ${seconds} s, load ${load.start} before and ${load.end} after.`;
}

/** What was known, and over it the parts of a newer run that did not fail. */
exports.merged = (known, result) => {
  const good = Object.fromEntries(Object.entries(result.parts).filter(([, { tables }]) => tables));
  return { ...result, parts: { ...known?.parts, ...good } };
};

function main() {
  const read = (file) => (fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined);
  const [known, last] = [read(JSON_FILE), read(RESULT)];
  const result = last ? exports.merged(known, last) : known;
  if (!result) throw new Error('run "npm run bench" first');
  fs.writeFileSync(JSON_FILE, `${JSON.stringify(result, null, 1)}\n`);
  fs.writeFileSync(PAGE, exports.pageOf(fs.readFileSync(PAGE, 'utf8'), result));
  const charts = exports.chartsOf(result);
  for (const [file, text] of Object.entries(charts)) fs.writeFileSync(path.join(IMAGES, file), text);
  console.log(
    `docs/benchmarks.json, docs/benchmarks.md, ${Object.keys(charts)
      .map((file) => `docs/images/${file}`)
      .join(', ')}`,
  );
}

if (require.main === module) main();
