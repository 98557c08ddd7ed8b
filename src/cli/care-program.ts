import { Argument } from 'commander';
import type { AddCommand, RunCommand } from './add-command.js';
import type { CheckFlags, LogFlags, ProtectFlags, PruneFlags } from './flags.js';
import { commands } from './load-commands.js';
import { noOption, positiveInteger, wholeNumber } from './option-values.js';

/** The commands that remove, protect and check. */
export function addCareCommands(add: AddCommand, run: RunCommand): void {
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

  add('log', 'Show who did what with the backups, newest first', [
    'log',
    'log --limit 500 --before 2026-11-20',
    "log --json | jq '.activity[]'",
  ])
    .option('--limit <n>', 'at most so many', positiveInteger, 30)
    .option(
      '--before <moment>',
      'only what was before 2026-11-20, or 2026-11-20T12:00 (local time; with a Z: UTC)',
      noOption,
    )
    .action((options: LogFlags) => run((context) => commands().log(context, options)));

  add('doctor', 'Check everything that backups depend on, and say what to do', [
    'doctor',
    'doctor --json | jq \'.checks[] | select(.level != "ok")\'',
  ]).action(() => run((context) => commands().doctor(context)));

  add('check', 'Look for what somebody should know, and tell it: for cron, systemd and Nagios', [
    'check --quiet',
    'check --nagios --config /srv/shop/autobackup.config.cjs',
  ])
    .option('--nagios', 'print one line and end with 0, 1, 2 or 3, as Nagios plugins do')
    .action((options: CheckFlags) => run((context) => commands().check(context, options)));

  add('notify', 'Send a message to each receiver of the configuration, to see that it arrives', ['notify test'])
    .addArgument(new Argument('<action>', 'what is sent').choices(['test']))
    .action((action: 'test') => run((context) => commands().notify(context, action)));
}
