import { Command, Option } from 'commander';
import { VERIFICATION_LEVELS } from '../catalog/manifest.js';
import { commands } from './load-commands.js';
import { packageInfo } from '../util/package-info.js';
import type { Context, Flags, Result } from './context.js';
import type { CreateFlags, ListFlags, ProtectFlags, PruneFlags, RestoreFlags, VerifyFlags } from './flags.js';
import { noOption, positiveInteger, wholeNumber } from './option-values.js';
import { addRowCommands } from './rows-program.js';
import type { StoreFlags } from './store-option.js';
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

  add('status', 'Show the database, the backups, and whether one is due', [
    'status --database instance/app.db',
    'status --json | jq .due.due',
  ]).action(() => run((context) => commands().status(context)));

  add('list', 'List all backups, newest first', [
    'list --database instance/app.db',
    "list --json | jq -r '.backups[].name'",
    'list --all-hosts --from s3://acme-backups/shops',
  ])
    .option('--last <n>', 'only the newest n', positiveInteger)
    .option('--problems', 'only those that do not count, with the reason')
    .option('--remote', "the copies of this machine in the configuration's stores, or in --from")
    .option('--all-hosts', 'the copies of all machines')
    .option('--from <store>', STORE, noOption)
    .option('--host <name>', "the copies of that machine (default: this one's)", noOption)
    .action((options: ListFlags) =>
      run((context) =>
        options.remote || options.allHosts || options.from !== undefined
          ? commands().listRemote(context, options)
          : commands().list(context, options),
      ),
    );

  add('create', 'Take a backup now', [
    'create --label "before the upgrade to 2.0"',
    'create --if-due --quiet --config /srv/shop/autobackup.config.cjs',
  ])
    .option('--if-due', 'only if the newest backup is as old as the interval; otherwise end with 3')
    .option('--label <text>', 'what it is taken for: "before the upgrade to 2.0"')
    .action((options: CreateFlags) => run((context) => commands().create(context, options)));

  add('verify', 'Check that backups are whole', [
    'verify',
    'verify --all --level full',
    'verify latest --remote --level full --identity key.txt',
    "verify latest --assert 'SELECT count(*) > 0 FROM invoices'",
  ])
    .argument('[name]', 'a backup, or latest (the default)')
    .option('--all', 'check every backup')
    .addOption(
      new Option('--level <level>', 'how thoroughly (default: quick, or drill where there is an --assert)').choices(
        VERIFICATION_LEVELS,
      ),
    )
    .addOption(
      new Option(
        '--assert <sql>',
        'drill: a statement whose first value must be true in the restored copy; repeatable',
      ).argParser((sql: string, before: string[] | undefined) => [...(before ?? []), sql]),
    )
    .option('--remote', 'check the copy in a store (default level: hash, which reads it where it is)')
    .option('--from <store>', STORE, noOption)
    .option('--host <name>', "the copy of that machine (default: this one's)", noOption)
    .option('--identity <file>', 'the age identities that open encrypted copies', noOption)
    .action((name: string | undefined, options: VerifyFlags & StoreFlags) =>
      run((context) =>
        options.remote || options.from !== undefined
          ? commands().verifyRemote(context, name, options)
          : commands().verify(context, name, options),
      ),
    );

  add('restore', 'Put a backup back in the place of the database, or write it to another file', [
    'restore latest',
    'restore app_backup_20261124_093000.db --yes',
    'restore latest --to /tmp/look-at-it.db',
    'restore latest --from s3://acme-backups/shops --before 2026-11-20',
  ])
    .argument('<name>', 'a backup, or latest')
    .option('--to <file>', 'write it to this file, which must not exist, and leave the database alone', noOption)
    .option('--from <store>', STORE, noOption)
    .option('--before <moment>', BEFORE, noOption)
    .option('--host <name>', "the copy of that machine (default: this one's)", noOption)
    .option('--identity <file>', 'the age identities that open encrypted copies', noOption)
    .action((name: string, options: RestoreFlags & StoreFlags) =>
      run((context) => commands().restore(context, name, options)),
    );

  addRowCommands(add, run);

  add('ship', 'Copy to the stores of the configuration what they still lack, and wait for it', ['ship --quiet']).action(
    () => run((context) => commands().ship(context)),
  );

  add('pull', 'Bring a copy back from a store: also on a machine that has nothing else', [
    'pull latest --from s3://acme-backups/shops --host shop-1 --to instance/app.db --identity key.txt',
    'pull latest --from /mnt/nas/backups --before 2026-11-20 --to /tmp/look-at-it.db',
  ])
    .argument('<name>', 'a backup, or latest')
    .requiredOption('--to <path>', 'the file to write, which must not exist; or a folder', noOption)
    .option('--from <store>', STORE, noOption)
    .option('--before <moment>', BEFORE, noOption)
    .option('--host <name>', 'of which machine, where the store has copies of several', noOption)
    .option('--identity <file>', 'the age identities that open encrypted copies', noOption)
    .action((name: string, options: StoreFlags & { to: string }) =>
      run((context) => commands().pull(context, name, options)),
    );

  add('prune', 'Remove the backups that the retention policy does not keep', [
    'prune --dry-run',
    'prune --database instance/app.db --keep-last 20 --keep-weekly 8 --keep-monthly 12',
  ])
    .option('--dry-run', 'only say what would go, and why the rest stays')
    .option(
      '--keep-last <n>',
      "keep the newest n (these rules together count instead of the configuration's)",
      wholeNumber,
    )
    .option('--keep-within <duration>', 'keep all that are at most that much older than the newest: 30d', noOption)
    .option('--keep-daily <n>', 'keep the newest of each of the last n days that have one', wholeNumber)
    .option('--keep-weekly <n>', 'the same for weeks', wholeNumber)
    .option('--keep-monthly <n>', 'the same for months', wholeNumber)
    .option('--keep-yearly <n>', 'the same for years', wholeNumber)
    .action((options: PruneFlags) => run((context) => commands().prune(context, options)));

  add('protect', 'Protect a backup: retention and delete refuse it', [
    'protect latest',
    'protect app_backup_20261124_093000.db --off',
  ])
    .argument('<name>', 'a backup, or latest')
    .option('--off', 'take the protection off, as unprotect does')
    .action((name: string, { off }: ProtectFlags) => run((context) => commands().protect(context, name, !off)));

  add('unprotect', 'Take the protection off a backup', ['unprotect app_backup_20261124_093000.db'])
    .argument('<name>', 'a backup, or latest')
    .action((name: string) => run((context) => commands().protect(context, name, false)));

  add('delete', 'Delete backups', ['delete app_backup_20261124_093000.db'])
    .argument('<names...>', 'backups')
    .action((names: string[]) => run((context) => commands().deleteBackups(context, names)));

  add('doctor', 'Check everything that backups depend on, and say what to do', [
    'doctor',
    'doctor --json | jq \'.checks[] | select(.level != "ok")\'',
  ]).action(() => run((context) => commands().doctor(context)));

  return program;
}

function addCommonOptions(program: Command): void {
  const { version } = packageInfo();
  program
    .option('--database <file>', 'the live database', noOption)
    .option('--directory <folder>', "the folder of the backups (default: the database's own)", noOption)
    .option(
      '--config <file>',
      "a .js, .cjs, .mjs or .json file that exports the service's options (default: autobackup.config.* in this folder)",
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
    .addHelpText(
      'after',
      `
Examples:
  $ sqlite-autobackup doctor --database instance/app.db
  $ sqlite-autobackup create --label "before the upgrade"
  $ sqlite-autobackup restore latest

Exit codes: 0 done, 1 failed, 2 usage, 3 nothing to do, 11 locked, 13 verification failed, 130 cancelled`,
    );
}

const STORE =
  'a store: its name in the configuration, s3://bucket/prefix, or a folder (default: the one in the configuration)';
const BEFORE = 'with latest: the newest one taken before 2026-11-20, or 2026-11-20T12:00 (local time; with a Z: UTC)';
