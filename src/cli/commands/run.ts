import fs from 'node:fs';
import path from 'node:path';
import { BackupService } from '../../index.js';
import type { AssertionResult, DatabaseDiff } from '../../index.js';
import { messageOf } from '../../util/errors.js';
import { show } from '../../util/show.js';
import { isTrue } from '../../util/sql-value.js';
import { commandLine } from '../command-line.js';
import type { CommandFunction, Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import type { RunFlags } from '../flags.js';
import { openService } from '../open-service.js';
import { makeFolderInside, makeRunFolder } from '../run-folder.js';
import { withProgress } from '../progress.js';
import { sqlText } from '../sql-text.js';
import { startCommand } from '../start-command.js';
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
    const found = await compare(context, service, backup.name);
    const restore =
      !isGood(outcome) && flags.restoreOnFailure === true && (await goBack(context, service, backup.name));
    return {
      exitCode: outcome.exitCode,
      document: documentOf(backup.name, outcome, false, found, restore),
      lines: [
        ...(found ? diffLines(found, context) : []),
        ...assertionLines(outcome),
        ...endLines(context, backup.name, outcome, restore),
      ],
      trouble: [...endLines(context, backup.name, outcome, restore), ...falseLines(outcome)],
    };
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
};

/** What follows a command is done whatever it has left: it may have moved the database away. */
async function compare(context: Context, service: BackupService, backup: string): Promise<DatabaseDiff | undefined> {
  try {
    return await withProgress(context, (control) => service.diffBackup(backup, control));
  } catch (error) {
    context.terminal.warn(`What has changed could not be found out: ${messageOf(error)}`);
    return undefined;
  }
}

/** Not cancelled by a signal: half of it would be of no use to anybody. */
async function goBack(context: Context, service: BackupService, backup: string): Promise<boolean> {
  try {
    await withProgress(context, () => service.restoreBackup(backup));
    return true;
  } catch (error) {
    context.terminal.trouble(`${backup} was NOT restored: ${messageOf(error)}`);
    return false;
  }
}

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

function start({ flags }: Context, database: string, { command, variables }: Attempt): Promise<number> {
  const given = Object.fromEntries(variables.map(([name, value]) => [name, value.replaceAll('{}', database)]));
  return startCommand({ command, env: { ...process.env, ...given }, json: flags.json === true });
}

/** Asks a copy, since this process opens no database that somebody uses. What cannot be asked is not true. */
async function ask(context: Context, database: string, { assert, work }: Attempt): Promise<AssertionResult[]> {
  if (assert.length === 0) return [];
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  try {
    const copies = new BackupService({ database, directory: makeFolderInside(work), logger: silent });
    const { name } = await withProgress(context, (control) => copies.createBackup(control));
    const results: AssertionResult[] = [];
    for (const sql of assert) results.push(await askOne(context, copies, name, sql));
    return results;
  } catch (error) {
    return assert.map((sql) => ({ sql, ok: false, error: messageOf(error) }));
  }
}

async function askOne(context: Context, copies: BackupService, name: string, sql: string): Promise<AssertionResult> {
  try {
    const { rows } = await withProgress(context, (control) => copies.queryBackup(name, sql, { rows: 2, ...control }));
    if (rows.length !== 1)
      return { sql, ok: false, error: `it returned ${rows.length === 0 ? 'no' : 'more than one'} row` };
    const value = rows[0]![0]!;
    return isTrue(value) ? { sql, ok: true } : { sql, ok: false, error: `it returned ${sqlText(value)}` };
  } catch (error) {
    return { sql, ok: false, error: messageOf(error) };
  }
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
      `--env is ${show(text)}.`,
      "It must be 'NAME=value'; {} in the value stands for the database file.",
    );
  return [text.slice(0, at), text.slice(at + 1)];
}
