import { Option } from 'commander';
import type { AddCommand, RunCommand } from './add-command.js';
import type { DiffFlags, QueryFlags, RecoverFlags, RunFlags } from './flags.js';
import { commands } from './load-commands.js';
import { noOption, positiveInteger } from './option-values.js';

/** The commands about the rows of a backup. */
export function addRowCommands(add: AddCommand, run: RunCommand): void {
  add('diff', 'Show what has changed since a backup, table by table', [
    'diff latest',
    'diff latest --table invoices',
    'diff app_backup_20261124_093000.db app_backup_20261125_093000.db --html changes.html',
  ])
    .argument('<older>', 'a backup, or latest')
    .argument('[newer]', 'a newer backup (default: the live database)')
    .addOption(listOption('--table <name>', 'only this table, with its rows; repeatable'))
    .option(
      '--rows <n>',
      'how many changed rows of each table (default: 50 with --table or --html, else none)',
      positiveInteger,
    )
    .option('--html <file>', 'write it to this new file as a page', noOption)
    .action((older: string, newer: string | undefined, options: DiffFlags) =>
      run((context) => commands().diff(context, older, newer, options)),
    );

  add('recover', 'Bring rows of a backup back, with what was lost with them', [
    "recover latest --table invoices --where 'id = 42'",
    'recover latest --table invoices --removed --dry-run',
    "recover latest --table invoices --where 'id = 42' --as-new --yes",
  ])
    .argument('<name>', 'a backup, or latest')
    .requiredOption('--table <name>', 'the table', noOption)
    .option('--where <expression>', "which rows of the backup: 'id = 42'", noOption)
    .option('--removed', 'all rows that have gone since the backup')
    .option('--dry-run', 'only show the plan')
    .option('--sql <file>', 'write the plan to this new file as SQL, and change nothing', noOption)
    .option('--no-related', 'without the parents and children of the rows')
    .option('--overwrite', "where a live row has the same key: replace it by the backup's")
    .option('--skip', 'where a live row has the same key: leave it as it is')
    .option('--as-new', 'where a live row has the same key: bring the row back under a new key')
    .option(
      '--keep',
      'where a live row has the same key: it is the same row; leave it, and bring back what belongs to it',
    )
    .option('--no-triggers', 'without firing the triggers of the tables')
    .option('--create', 'make the table again if the database no longer has it')
    .addOption(listOption('--set <column=value>', 'a value for a column, or for table.column; repeatable'))
    .action((name: string, options: RecoverFlags) => run((context) => commands().recover(context, name, options)));

  add('query', 'Ask a backup a SELECT', [
    "query latest 'SELECT count(*) FROM invoices'",
    "query latest 'SELECT * FROM invoices' --csv > invoices.csv",
  ])
    .argument('<name>', 'a backup, or latest')
    .argument('<sql>', 'one SELECT')
    .option('--csv', 'as comma-separated values')
    .option('--rows <n>', 'the most rows (default: 1000)', positiveInteger)
    .action((name: string, sql: string, options: QueryFlags) =>
      run((context) => commands().query(context, name, sql, options)),
    );

  add('run', 'Take a backup, run a command, and show what it has changed', [
    'run -- npx prisma migrate deploy',
    "run --assert 'SELECT count(*) > 0 FROM invoices' --restore-on-failure -- node migrate.js",
    "run --rehearse --env 'DATABASE_URL=file:{}' -- npx prisma migrate deploy",
  ])
    .argument('<command...>', 'the command, after --')
    .addOption(listOption('--assert <sql>', 'a SELECT whose first value must be true afterwards; repeatable'))
    .option('--rehearse', 'run it on a copy first, and on the database only if that was good')
    .addOption(
      listOption('--env <name=value>', 'a variable for the command; {} stands for the database file; repeatable'),
    )
    .option('--restore-on-failure', 'restore the backup if the command fails or an assertion is false')
    .action((command: string[], options: RunFlags) => run((context) => commands().run(context, command, options)));
}

function listOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value: string, before: string[] | undefined) => [
    ...(before ?? []),
    value,
  ]);
}
