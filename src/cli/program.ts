import { Command } from 'commander';
import { packageInfo } from '../util/package-info.js';
import { addBackupCommands, addRestoreCommand } from './backups-program.js';
import { addCareCommands } from './care-program.js';
import type { Context, Flags, Result } from './context.js';
import { noOption } from './option-values.js';
import { addRowCommands } from './rows-program.js';
import { addSetUpCommands } from './set-up-program.js';
import { addStoreCommands } from './stores-program.js';
import type { Streams } from './terminal.js';

/** Runs what a command line asks for. */
export type Perform = (flags: Flags, command: (context: Context) => Promise<Result>) => Promise<void>;

/** The whole surface: commands, options, texts. docs/command-line.md has the same; a test compares. */
export function buildProgram(streams: Pick<Streams, 'writeOut' | 'writeErr'>, perform: Perform): Command {
  const program = new Command('sqlite-autobackup')
    .description('Verified backups of a live SQLite database: take, check, restore and remove them.')
    .usage('<command> [options]')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ ...streams, outputError: () => {} })
    .exitOverride();
  addCommonOptions(program);

  const add = (name: string, description: string, examples: readonly string[]): Command =>
    program
      .command(name)
      .description(description)
      .addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ sqlite-autobackup ${line}`).join('\n')}`);
  const run = (command: (context: Context) => Promise<Result>): Promise<void> => perform(program.opts(), command);

  addBackupCommands(add, run);
  addRestoreCommand(add, run);
  addRowCommands(add, run);

  addStoreCommands(add, run);
  addCareCommands(add, run);
  addSetUpCommands(add, run, program);

  return program;
}

function addCommonOptions(program: Command): void {
  const { version } = packageInfo();
  program
    .option('--database <file>', 'the live database', noOption)
    .option('--directory <folder>', "the folder of the backups (default: the database's own)", noOption)
    .option(
      '--config <file>',
      "a .js, .cjs, .mjs, .ts or .json file that exports the service's options (default: autobackup.config.* in this folder)",
      noOption,
    )
    .option('--service <name>', 'which service, where the configuration exports several by name', noOption)
    .option(
      '--interval <duration>',
      "a backup is due when the newest one is this old: 7d, 12h (default: the configuration's, else 7d)",
      noOption,
    )
    .option(
      '--timeout <duration>',
      "give up after this long: 30s, 10m (default: the configuration's, else 10m)",
      noOption,
    )
    .option('--json', 'print one JSON document on standard output, errors too')
    .option('-q, --quiet', 'print nothing but errors')
    .option('-y, --yes', 'do not ask')
    .version(version, '-V, --version', 'print the version')
    .addHelpText('after', `\n${AFTER_HELP}`);
}

/** Below the help of the program, and at the end of its manual page. */
export const AFTER_HELP = `Examples:
  $ sqlite-autobackup doctor --database instance/app.db
  $ sqlite-autobackup create --label "before the upgrade"
  $ sqlite-autobackup restore latest

Exit codes: 0 done, 1 failed, 2 usage, 3 nothing to do, 11 locked, 13 verification failed, 130 cancelled;
"run": its command's, 126 and 127 as in a shell`;
