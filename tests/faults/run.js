// npm run faults -- [--seed N] [--long] [FILE …]: the campaigns of tests/faults, and their table.
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string' }, long: { type: 'boolean', default: false } },
});
const seed = values.seed ?? String(Date.now() % 1_000_000);
if (!/^\d{1,9}$/.test(seed)) throw new Error(`--seed is a number, not "${seed}"`);

const LONG = {
  KILL_ROUNDS: '200',
  EVERY_CALL: '1000',
  FAULT_EVERY: '1',
  FAULT_ROUNDS: '1000',
  ROWS_ROUNDS: '1000',
  HEADER_ROUNDS: '200',
};
const env = {
  ...process.env,
  ...(values.long && LONG),
  FAULT_SEED: seed,
  KILL_SEED: seed,
};
const jest = [require.resolve('jest/bin/jest'), '--selectProjects', 'faults', '--reporters=default'];
const reporter = `--reporters=${path.join(__dirname, 'table-reporter.js')}`;
const only = positionals.length > 0 ? ['--testPathPatterns', ...positionals] : [];
const { status } = spawnSync(process.execPath, [...jest, reporter, ...only], { env, stdio: 'inherit' });
console.log(`Repeat it: npm run faults -- --seed ${seed}${values.long ? ' --long' : ''} ${positionals.join(' ')}`);
process.exitCode = status ?? 1;
