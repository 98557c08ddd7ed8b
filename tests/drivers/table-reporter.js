// Prints what tests/support/driver-table.ts has noted of this run: `jest --reporters=default --reporters=./tests/drivers/…`.
const fs = require('node:fs');
const path = require('node:path');

const FOLDER = path.join(__dirname, '..', '..', 'build', 'driver-runs');
const COLUMNS = ['driver', 'version', 'SQLite', 'Node', 'journal mode', 'backups', 'commits', 'result'];

module.exports = class TableReporter {
  onRunStart() {
    fs.rmSync(FOLDER, { recursive: true, force: true });
  }

  onRunComplete() {
    const files = fs.existsSync(FOLDER) ? fs.readdirSync(FOLDER).sort() : [];
    const runs = files.map((name) => JSON.parse(fs.readFileSync(path.join(FOLDER, name), 'utf8')));
    const rows = runs.map(({ driver, version, sqlite, node, mode, backups, commits, result = 'FAILED' }) =>
      [driver, version, sqlite, node, mode, backups, commits, result].map((cell) => String(cell ?? '-')),
    );
    rows.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    const widths = COLUMNS.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i].length)));
    const line = (cells) => `  ${cells.map((cell, i) => cell.padEnd(widths[i])).join('  ')}`.trimEnd();
    console.log(['', line(COLUMNS), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line), ''].join('\n'));
  }
};
