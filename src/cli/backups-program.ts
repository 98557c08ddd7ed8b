import { Option } from 'commander';
import { VERIFICATION_LEVELS } from '../catalog/manifest.js';
import type { AddCommand, RunCommand } from './add-command.js';
import type { CreateFlags, ListFlags, RestoreFlags, VerifyFlags } from './flags.js';
import { commands } from './load-commands.js';
import { BEFORE, noOption, positiveInteger, STORE } from './option-values.js';
import type { StoreFlags } from './store-option.js';

/** The commands that look at backups, take and verify them. */
export function addBackupCommands(add: AddCommand, run: RunCommand): void {
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
}

/** The command that puts a backup back. */
export function addRestoreCommand(add: AddCommand, run: RunCommand): void {
  add('restore', 'Put a backup back in the place of the database, or write it to another file', [
    'restore latest',
    'restore app_backup_20261124_093000.db --yes',
    'restore latest --to /tmp/look-at-it.db',
    'restore latest --from s3://acme-backups/shops --before 2026-11-20',
  ])
    .argument('<name>', 'a backup, or latest')
    .option('--to <file>', 'write it to this file, which must not exist, and leave the database alone', noOption)
    .option('--while-written', 'rqlite: although others write, whose writes may be lost')
    .option('--from <store>', STORE, noOption)
    .option('--before <moment>', BEFORE, noOption)
    .option('--host <name>', "the copy of that machine (default: this one's)", noOption)
    .option('--identity <file>', 'the age identities that open encrypted copies', noOption)
    .action((name: string, options: RestoreFlags & StoreFlags) =>
      run((context) => commands().restore(context, name, options)),
    );
}
