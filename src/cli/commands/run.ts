import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { BackupService } from '../../index.js';
import type { AssertionResult, DatabaseDiff } from '../../index.js';
import { messageOf } from '../../util/errors.js';
import { commandLine } from '../command-line.js';
import type { CommandFunction, Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import type { RunFlags } from '../flags.js';
import { openService } from '../open-service.js';
import { makeFolderInside, makeRunFolder } from '../run-folder.js';
import { withProgress } from '../progress.js';
import { usageError } from '../usage-error.js';
import { diffDocument, diffLines } from './diff.js';

interface Outcome {
  readonly exitCode: number;
  readonly assertions: readonly AssertionResult[];
}

/** A backup, the command, the assertions, and what has changed. */
export const run: CommandFunction<[readonly string[], RunFlags]> = async (context, command, flags) => {
  const { service } = await openService(context);
  const { assert = [], env = [] } = flags;
  const variables = env.map(parseVariable);
  if (flags.rehearse && !variables.some(([, value]) => value.includes('{}'))) {
    throw usageError(
      '--rehearse has no way to tell the command its database.',
      "Add --env 'DATABASE_URL=file:{}': {} stands for the file.",
    );
  }
  const label = `before ${command.join(' ')}`.slice(0, 100);
  const backup = await withProgress(context, (control) => service.createBackup({ ...control, label }));
  context.terminal.note(`Backup ${backup.name}`);
  const work = makeRunFolder(service.directory);
  try {
    if (flags.rehearse) {
      const rehearsal = await rehearse(context, service, { backup: backup.name, command, variables, assert, work });
      if (!isGood(rehearsal)) {
        return {
          exitCode: rehearsal.exitCode,
          document: documentOf(backup.name, rehearsal, true, undefined, false),
          lines: [
            ...assertionLines(rehearsal),
            `The rehearsal failed (${rehearsal.exitCode}); the database was not touched.`,
          ],
          trouble: [
            `The rehearsal failed (${rehearsal.exitCode}); the database was not touched.`,
            ...falseLines(rehearsal),
          ],
        };
      }
      context.terminal.note('The rehearsal was good: now the database itself.');
    }
    const outcome = await attempt(context, service.database, { command, variables, assert, work });
    const found = await withProgress(context, (control) => service.diffBackup(backup.name, control));
    const restore = !isGood(outcome) && flags.restoreOnFailure === true;
    if (restore) await withProgress(context, () => service.restoreBackup(backup.name));
    return {
      exitCode: outcome.exitCode,
      document: documentOf(backup.name, outcome, false, found, restore),
      lines: [
        ...diffLines(found, context),
        ...assertionLines(outcome),
        ...endLines(context, backup.name, outcome, restore),
      ],
      trouble: [...endLines(context, backup.name, outcome, restore), ...falseLines(outcome)],
    };
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
};

interface Attempt {
  readonly command: readonly string[];
  readonly variables: readonly (readonly [string, string])[];
  readonly assert: readonly string[];
  /** A folder for copies. */
  readonly work: string;
}

async function rehearse(
  context: Context,
  service: BackupService,
  { backup, ...given }: Attempt & { readonly backup: string },
): Promise<Outcome> {
  const to = path.join(given.work, path.basename(service.database));
  await withProgress(context, (control) => service.restoreBackup(backup, { ...control, to }));
  context.terminal.note('Rehearsal on a copy:');
  return attempt(context, to, given);
}

async function attempt(context: Context, database: string, given: Attempt): Promise<Outcome> {
  const code = await start(context, database, given);
  if (code !== 0) return { exitCode: code, assertions: [] };
  const assertions = await ask(context, database, given);
  return { exitCode: assertions.every(({ ok }) => ok) ? EXIT.done : EXIT.verificationFailed, assertions };
}

/** Runs the command with the terminal of this one, and resolves with its exit code. */
function start({ flags, signal }: Context, database: string, { command, variables }: Attempt): Promise<number> {
  const [file, ...args] = command;
  const given = Object.fromEntries(variables.map(([name, value]) => [name, value.replaceAll('{}', database)]));
  return new Promise((resolve, reject) => {
    const child = spawn(file!, args, {
      env: { ...process.env, ...given },
      // Standard output is for one JSON document.
      stdio: ['inherit', flags.json ? 2 : 'inherit', 'inherit'],
      // npx and its like are scripts there.
      shell: process.platform === 'win32',
    });
    const end = (): void => void child.kill('SIGTERM');
    signal.addEventListener('abort', end, { once: true });
    child.once('error', (error) => {
      signal.removeEventListener('abort', end);
      reject(
        usageError(`The command could not be started (${messageOf(error)}).`, 'The database was not touched.', error),
      );
    });
    child.once('exit', (code, name) => {
      signal.removeEventListener('abort', end);
      resolve(code ?? 128 + (name ? os.constants.signals[name] : 0));
    });
  });
}

/** Asks a copy, since this process opens no database that somebody uses. */
async function ask(context: Context, database: string, { assert, work }: Attempt): Promise<AssertionResult[]> {
  if (assert.length === 0) return [];
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const copies = new BackupService({ database, directory: makeFolderInside(work), logger: silent });
  const { name } = await withProgress(context, (control) => copies.createBackup(control));
  const results: AssertionResult[] = [];
  for (const sql of assert) {
    const { rows } = await withProgress(context, (control) => copies.queryBackup(name, sql, { rows: 2, ...control }));
    const ok = rows.length === 1 && Boolean(rows[0]![0]);
    const error =
      rows.length === 1
        ? `it returned ${String(rows[0]![0])}`
        : `it returned ${rows.length === 0 ? 'no row' : 'more than one row'}`;
    results.push(ok ? { sql, ok } : { sql, ok, error });
  }
  return results;
}

function isGood({ exitCode }: Outcome): boolean {
  return exitCode === 0;
}

function assertionLines({ assertions }: Outcome): string[] {
  return assertions.map(
    ({ sql, ok, error }) => `${ok ? 'true ' : 'FALSE'}  ${sql}${error === undefined ? '' : `  (${error})`}`,
  );
}

function falseLines({ assertions }: Outcome): string[] {
  return assertionLines({ exitCode: EXIT.verificationFailed, assertions: assertions.filter(({ ok }) => !ok) });
}

function endLines(context: Context, backup: string, outcome: Outcome, restored: boolean): string[] {
  if (isGood(outcome)) return [`To go back: ${commandLine(context, 'restore', backup)}`];
  const why = outcome.assertions.length > 0 ? 'An assertion is false' : `The command failed (${outcome.exitCode})`;
  return restored
    ? [`${why}: ${backup} was restored.`]
    : [
        `${why}. To go back: ${commandLine(context, 'restore', backup)}`,
        `If only rows are gone: ${commandLine(context, 'recover', backup, '--table', 'TABLE', '--removed')}`,
      ];
}

function documentOf(
  backup: string,
  { exitCode, assertions }: Outcome,
  rehearsal: boolean,
  found: DatabaseDiff | undefined,
  restored: boolean,
): object {
  const results = assertions.map(({ sql, ok, error }) => ({ sql, ok, error: error ?? null }));
  return { backup, exitCode, rehearsal, assertions: results, diff: found ? diffDocument(found) : null, restored };
}

function parseVariable(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at <= 0)
    throw usageError(
      `--env is ${JSON.stringify(text)}.`,
      "It must be 'NAME=value'; {} in the value stands for the database file.",
    );
  return [text.slice(0, at), text.slice(at + 1)];
}
