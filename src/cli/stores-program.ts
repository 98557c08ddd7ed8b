import type { AddCommand, RunCommand } from './add-command.js';
import { commands } from './load-commands.js';
import { BEFORE, noOption, STORE } from './option-values.js';
import type { StoreFlags } from './store-option.js';

/** The commands that copy backups to stores and bring them back. */
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
}
