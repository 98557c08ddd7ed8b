import type { KeepRules, PruneReport } from '../../index.js';
import { backupJson } from '../as-json.js';
import type { CommandFunction, Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { asLines, count, size, table, wrap } from '../format.js';
import { openService } from '../open-service.js';
import type { PruneFlags } from '../flags.js';

export const prune: CommandFunction<[PruneFlags]> = async (context, { dryRun = false, ...flags }) => {
  const { service } = await openService(context, { retention: rulesOf(flags) ?? 'recorded' });
  const report = await service.pruneBackups({ dryRun });
  const { kept, removed, failed } = report;
  if (dryRun) for (const warning of report.warnings ?? []) context.terminal.warn(warning);
  const now = Date.now();
  const nothing = removed.length === 0 ? EXIT.nothingToDo : EXIT.done;
  return {
    exitCode: failed.length > 0 ? EXIT.failed : nothing,
    document: {
      dryRun,
      kept: kept.map(({ backup, reasons }) => ({ backup: backupJson(backup, now), reasons })),
      removed: removed.map((backup) => backupJson(backup, now)),
      failed: failed.map(({ backup, error }) => ({ name: backup.name, code: error.code, message: error.message })),
    },
    lines: linesOf(report, context),
    trouble: failed.map(({ backup, error }) => `${backup.name}: ${error.message}`),
  };
};

/** The rules that were given, if any. */
function rulesOf(flags: Omit<PruneFlags, 'dryRun'>): KeepRules | undefined {
  const { keepLast: last, keepWithin: within, keepDaily: daily, keepWeekly: weekly } = flags;
  const { keepMonthly: monthly, keepYearly: yearly } = flags;
  const rules = Object.entries({ last, within, daily, weekly, monthly, yearly }).filter(
    ([, rule]) => rule !== undefined,
  );
  return rules.length === 0 ? undefined : Object.fromEntries(rules);
}

function linesOf({ dryRun, kept, removed, failed }: PruneReport, { terminal }: Context): string[] {
  const { green, yellow, red } = terminal.out;
  const bytes = removed.reduce((sum, backup) => sum + backup.sizeBytes, 0);
  const rows = [
    ...kept.map(({ backup, reasons }) => ['keep', backup.name, size(backup.sizeBytes), reasons.join('; ')]),
    ...removed.map((backup) => ['remove', backup.name, size(backup.sizeBytes), '']),
    ...failed.map(({ backup, error }) => ['FAILED', backup.name, size(backup.sizeBytes), error.code]),
  ];
  const why = failed.map(({ backup, error }) => wrap(`${backup.name}: ${error.message}`, 0, terminal.columns));
  const paint = (cell: string, column: number): string =>
    column > 0 ? cell : { keep: green, remove: yellow, FAILED: red }[cell]!(cell);
  const done = dryRun ? 'Would remove' : 'Removed';
  const summary = `${done} ${count(removed.length, 'backup')} (${size(bytes)}); ${kept.length} stay.`;
  return rows.length === 0
    ? ['There are no backups.']
    : [...table(rows, { paint, columns: terminal.columns, header: false }), ...asLines(why), summary];
}
