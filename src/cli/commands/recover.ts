import type { Conflict, RecoverOptions, RecoverReport, SqlValue } from '../../index.js';
import { recoverToJson } from '../../child/rows-protocol.js';
import { confirm } from '../ask.js';
import { commandLine } from '../command-line.js';
import type { CommandFunction, Context } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { findToRestore } from '../find-backup.js';
import type { RecoverFlags } from '../flags.js';
import { openService } from '../open-service.js';
import { withProgress } from '../progress.js';
import { keyText, rowText } from '../sql-text.js';
import { usageError } from '../usage-error.js';

export const recover: CommandFunction<[string, RecoverFlags]> = async (context, given, flags) => {
  const options = optionsOf(flags);
  const { service } = await openService(context);
  const { name } = await findToRestore(service, given);
  const perform = (more: Partial<RecoverOptions>): Promise<RecoverReport> =>
    withProgress(context, (control) => service.recoverRows(name, { ...options, ...more, ...control }));

  if (flags.sql !== undefined)
    return result(await perform({ sql: flags.sql }), [`Written to ${flags.sql}; nothing was changed.`]);
  const plan = await perform({ dryRun: true });
  const lines = planLines(plan, name, context);
  if (flags.dryRun) return result(plan, lines);
  if (isEmpty(plan) && plan.conflictCount === 0)
    return result(plan, [...lines, 'There is nothing to bring back.'], EXIT.nothingToDo);
  if (plan.conflictCount > 0) {
    for (const line of lines) context.terminal.note(line);
    // Rejects: both versions have been shown, and nobody has chosen.
    return result(await perform({}), []);
  }
  await confirm(context, lines, 'Bring them back?');
  const report = await perform({ plan: plan.plan });
  return result(report, doneLines(report, name));
};

function optionsOf(flags: RecoverFlags): RecoverOptions {
  const { table, where, removed = false, related, triggers, set = [], create = false } = flags;
  const chosen = (['overwrite', 'skip', 'asNew', 'keep'] as const).filter((each) => flags[each]);
  if (chosen.length > 1)
    throw usageError('--overwrite, --skip, --as-new and --keep exclude one another.', 'Give one of them.');
  if ((where === undefined) === !removed)
    throw usageError('Which rows?', "Give --where 'expression', or --removed for all that have gone.");
  const onConflict = { overwrite: 'overwrite', skip: 'skip', asNew: 'as-new', keep: 'keep' } as const;
  return {
    table,
    removed,
    related,
    triggers,
    create,
    ...(where !== undefined && { where }),
    ...(chosen[0] && { onConflict: onConflict[chosen[0]] }),
    set: Object.fromEntries(set.map(parseSet)),
  };
}

/** `column=value`: a number, NULL, 'a text' in quotes, or a text without them. */
function parseSet(text: string): [string, SqlValue] {
  const at = text.indexOf('=');
  if (at <= 0) throw usageError(`--set is ${JSON.stringify(text)}.`, "It must be 'column=value'.");
  const [column, value] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  if (/^null$/i.test(value)) return [column, null];
  if (/^[+-]?\d+$/.test(value)) {
    const whole = BigInt(value);
    return [column, Number.isSafeInteger(Number(whole)) ? Number(whole) : whole];
  }
  if (/^[+-]?(\d+\.\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)) return [column, Number(value)];
  return [column, /^'.*'$/s.test(value) ? value.slice(1, -1).replaceAll("''", "'") : value];
}

function result(
  report: RecoverReport,
  lines: readonly string[],
  exitCode: number = EXIT.done,
): Awaited<ReturnType<typeof recover>> {
  const json = recoverToJson(report);
  return {
    exitCode,
    document: { ...json, safetyBackup: json.safetyBackup ?? null, undo: json.undo ?? null },
    lines,
  };
}

function isEmpty({ inserted, relinked, overwritten }: RecoverReport): boolean {
  return [inserted, relinked, overwritten].every((counts) => Object.keys(counts).length === 0);
}

function countLines(report: RecoverReport): string[] {
  const words = {
    inserted: 'back',
    relinked: 'linked',
    overwritten: 'replaced',
    kept: 'kept',
    skipped: 'skipped',
  } as const;
  return (Object.keys(words) as (keyof typeof words)[]).flatMap((key) =>
    Object.entries(report[key]).map(([table, rows]) => `${words[key].padEnd(9)} ${rows} of ${table}`),
  );
}

function planLines(plan: RecoverReport, name: string, context: Context): string[] {
  const { triggers, alsoChanged, lostColumns, fullText, newKeys, conflicts, conflictCount } = plan;
  const also = alsoChanged.map(({ table, count }) => `${table} (${count})`).join(', ');
  return [
    `from      ${name}`,
    ...countLines(plan),
    ...newKeys.map(({ table, from, to }) => `new key   ${table} ${keyText([from])} becomes ${keyText([to])}`),
    ...(triggers.length > 0 ? [`triggers  ${triggers.join(', ')}`] : []),
    ...fullText.map(
      ({ table, how }) => `index     ${table}: ${how === 'rebuilt' ? 'is rebuilt' : 'its triggers keep it'}`,
    ),
    ...(lostColumns.length > 0 ? [`lost      the live tables no longer have ${lostColumns.join(', ')}`] : []),
    ...(also === ''
      ? []
      : [
          `note      these have changed since as well, and stay as they are: ${also}`,
          `          ${commandLine(context, 'diff', name)}`,
        ]),
    ...conflicts.flatMap(conflictLines),
    ...(conflictCount > conflicts.length ? [`          … and ${conflictCount - conflicts.length} more`] : []),
  ];
}

function conflictLines({ table, key, kind, columns, backup, live }: Conflict): string[] {
  const what = {
    key: 'the live row of this key is another',
    unique: `a live row has the same ${columns.join(', ')}`,
    parent: 'rows that come back belong to it, and the live row of this key seems to be another',
  }[kind];
  return [
    `conflict  ${table} ${keyText(key)}: ${what}`,
    `          backup: ${rowText(backup)}`,
    `          live:   ${rowText(live)}`,
  ];
}

function doneLines(report: RecoverReport, name: string): string[] {
  const { safetyBackup, undo } = report;
  return [
    `Recovered from ${name}:`,
    ...countLines(report),
    ...(safetyBackup === undefined ? [] : [`The state before is in ${safetyBackup}, protected.`]),
    ...(undo === undefined ? [] : [`To undo it (and all that was written since): ${undo}`]),
  ];
}
