// `npm run test:frameworks`: installs what the apps need, gives each of them the packed package, builds them, tests them,
// and prints a table. `npm run test:frameworks -- express docs` does it for some test files and the apps that those drive;
// options go to jest.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { appFolders, prepareApps, testFiles } from './prepare-apps';
import { printTable } from './results-table';
import type { JestResults } from './results-table';
import { selectTests } from './select-tests';

const ROOT = path.join(__dirname, '..', '..');

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const options = args.filter((arg) => arg.startsWith('-'));
  const names = args.filter((arg) => !arg.startsWith('-'));
  const { prepared, tested, patterns } = selectTests(names, appFolders(), testFiles());

  await prepareApps(prepared);
  const given = options.find((option) => option.startsWith('--outputFile='))?.split('=')[1];
  const output = path.resolve(given ?? path.join(ROOT, 'build', 'frameworks', 'results.json'));
  fs.rmSync(output, { force: true });
  const jest = [path.join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js'), '--selectProjects', 'frameworks'];
  const { status } = spawnSync(
    process.execPath,
    [
      ...jest,
      '--json',
      `--outputFile=${output}`,
      ...options.filter((option) => !/^--(json|outputFile)/.test(option)),
      ...(patterns.length > 0 ? ['--testPathPatterns', ...patterns] : []),
    ],
    { cwd: ROOT, stdio: 'inherit' },
  );
  if (fs.existsSync(output)) printTable(tested, JSON.parse(fs.readFileSync(output, 'utf8')) as JestResults);
  process.exitCode = status ?? 1;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
