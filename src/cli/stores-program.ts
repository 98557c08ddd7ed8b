import type { AddCommand, RunCommand } from './add-command.js';
import { commands } from './load-commands.js';
import type { ImportFlags } from './flags.js';
import { BEFORE, noOption, STORE } from './option-values.js';
import type { StoreFlags } from './store-option.js';

/** The commands that copy backups to stores and bring them, or a file from elsewhere, back. */
export function addStoreCommands(add: AddCommand, run: RunCommand): void {
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

  add('import', 'Make a protected backup of a file that comes from elsewhere, checked in full', [
    'import /media/stick/app_backup_20261124_093000.db',
    'import old-till.db --taken "2026-03-01 18:00" --label "from the old till"',
  ])
    .argument('<file>', 'a SQLite database')
    .option(
      '--taken <moment>',
      'when its data is from (default: what its name says): 2026-11-20 or 2026-11-20T12:00',
      noOption,
    )
    .option('--label <text>', 'what it is, for people')
    .action((file: string, options: ImportFlags) => run((context) => commands().importFile(context, file, options)));
}
