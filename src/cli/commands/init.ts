import fs from 'node:fs';
import path from 'node:path';
import { parseBackupName, backupNaming } from '../../catalog/backup-name.js';
import { systemCode } from '../../util/errors.js';
import { confirm } from '../ask.js';
import { findConfig } from '../config-file.js';
import type { CommandFunction, Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { usageError } from '../usage-error.js';
import { configText, nextSteps } from '../new-config.js';
import type { Project } from '../new-config.js';

/** Writes the configuration file that the app and this program share. It asks, and never overwrites. */
export const init: CommandFunction<[]> = async (context) => {
  const folder = process.cwd();
  const taken = findConfig(folder);
  if (taken !== undefined) {
    throw usageError(`There is a configuration already: "${taken}".`, 'Change that one, or remove it first.');
  }
  const project = readProject(folder);
  const database = chooseDatabase(context, folder);
  const file = path.join(folder, project.esm ? 'autobackup.config.mjs' : 'autobackup.config.cjs');
  const text = configText(database, project);
  await confirm(
    context,
    [
      `write    ${file}`,
      '',
      ...text
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`),
    ],
    'Write it?',
  );
  try {
    fs.writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    throw usageError(`"${file}" is there already.`, 'Nothing was changed.', error);
  }
  const steps = nextSteps(path.basename(file), project);
  return {
    exitCode: EXIT.done,
    document: { file, database: path.resolve(folder, database), next: steps },
    lines: [
      `Wrote ${file}`,
      '',
      'Next:',
      ...steps.flatMap((step, i) => step.split('\n').map((line, j) => `${j === 0 ? `${i + 1}.` : '  '} ${line}`)),
    ],
  };
};

/** Relative to the folder, with slashes. */
function chooseDatabase({ flags }: Context, folder: string): string {
  if (flags.database !== undefined) return slashes(path.relative(folder, path.resolve(flags.database)));
  const found = findDatabases(folder);
  if (found.length === 1) return found[0]!;
  throw usageError(
    found.length === 0
      ? `There is no database file in "${folder}" or the folders below it.`
      : `There are several databases: ${found.slice(0, 10).join(', ')}.`,
    'Say which with --database <file>; it need not exist yet.',
  );
}

const DATABASE = /\.(db3?|sqlite3?)$/i;
const PASSED_OVER = new Set(['node_modules', 'dist', 'build', 'coverage', 'backups', 'test', 'tests']);
const MAX_DEPTH = 3;

/** By their names: this process opens no database. Backups are none of them. */
function findDatabases(folder: string, below = ''): string[] {
  const entries = fs.readdirSync(path.join(folder, below), { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && DATABASE.test(entry.name)).map(({ name }) => name);
  const own = files.filter((name) => !files.some((other) => parseBackupName(backupNaming(other), name)));
  const folders = below.split('/').length > MAX_DEPTH ? [] : entries.filter((entry) => entry.isDirectory());
  return [
    ...own.filter((name) => !/_backup_\d{8}_\d{6}\./.test(name)).map((name) => below + name),
    ...folders
      .filter(({ name }) => !name.startsWith('.') && !PASSED_OVER.has(name))
      .flatMap(({ name }) => findDatabases(folder, `${below}${name}/`)),
  ].sort();
}

function readProject(folder: string): Project {
  let manifest: { type?: unknown; dependencies?: object; devDependencies?: object } = {};
  try {
    manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as typeof manifest;
  } catch {
    // A folder without a package, or one that cannot be read: a CommonJS file works in both.
  }
  const uses = { ...manifest.dependencies, ...manifest.devDependencies };
  return {
    esm: manifest.type === 'module',
    nest: '@nestjs/core' in uses,
    typescript: 'typescript' in uses || fs.existsSync(path.join(folder, 'tsconfig.json')),
  };
}

function slashes(file: string): string {
  return file.split(path.sep).join('/');
}
