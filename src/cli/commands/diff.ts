import fs from 'node:fs';
import path from 'node:path';
import type { DatabaseDiff, TableDiff } from '../../index.js';
import { diffToJson } from '../../child/rows-protocol.js';
import type { CommandFunction, Context } from '../context.js';
import { diffHtml } from '../diff-html.js';
import { EXIT } from '../exit-codes.js';
import { findToRestore } from '../find-backup.js';
import type { DiffFlags } from '../flags.js';
import { asLines, count, table, wrap } from '../format.js';
import { openService } from '../open-service.js';
import { withProgress } from '../progress.js';
import { changeText, keyText, rowText } from '../sql-text.js';

const SHOWN = 50;

export const diff: CommandFunction<[string, string | undefined, DiffFlags]> = async (context, older, newer, flags) => {
  const { service } = await openService(context);
  const { name } = await findToRestore(service, older);
  const against = newer === undefined ? 'live' : (await findToRestore(service, newer)).name;
  const detailed = flags.table !== undefined || flags.html !== undefined;
  const rows = flags.rows ?? (detailed ? SHOWN : 0);
  const options = { against, rows, ...(flags.table && { tables: [...flags.table] }) };
  const found = await withProgress(context, (control) => service.diffBackup(name, { ...options, ...control }));
  if (flags.html !== undefined)
    fs.writeFileSync(path.resolve(flags.html), diffHtml(found), { mode: 0o600, flag: 'wx' });
  return {
    exitCode: EXIT.done,
    document: diffDocument(found),
    lines: [...diffLines(found, context), ...(flags.html === undefined ? [] : [`Written to ${flags.html}`])],
  };
};

/** A comparison as --json shows it. */
export function diffDocument(found: DatabaseDiff): object {
  const { from, to, schema, tables } = diffToJson(found);
  return {
    from,
    to,
    schema,
    tables: tables.map(({ key, skipped, rows, ...rest }) => ({
      ...rest,
      key: key ?? null,
      skipped: skipped ?? null,
      rows: rows ?? null,
    })),
  };
}

/** Shows what has changed, on one screen. */
export function diffLines({ from, to, schema, tables }: DatabaseDiff, { terminal }: Context): string[] {
  const { bold, green, red, yellow } = terminal.out;
  const changed = tables.filter(({ added, changed: edited, removed }) => added + edited + removed > 0);
  const same = tables.filter((each) => !changed.includes(each) && each.skipped === undefined).length;
  const lines = asLines([wrap(`${from}  ->  ${to === 'live' ? 'the live database' : to}`, 0, terminal.columns)]);
  for (const [word, entries] of [
    ['new', schema.added],
    ['gone', schema.removed],
    ['changed', schema.changed],
  ] as const) {
    for (const { type, name } of entries) lines.push(`${word.padEnd(8)} ${type} ${name}`);
  }
  if (changed.length > 0) {
    const header = ['TABLE', 'ADDED', 'CHANGED', 'REMOVED'];
    const counts = changed.map((each) => [each.name, ...[each.added, each.changed, each.removed].map(String)]);
    const paints = [bold, green, yellow, red];
    const paint = (cell: string, column: number, row: number): string =>
      row === 0 || cell === '0' ? cell : paints[column]!(cell);
    lines.push(...table([header, ...counts], { paint, columns: terminal.columns, mayCut: false }));
  }
  lines.push(...changed.flatMap(rowLines));
  if (same > 0) lines.push(`${count(same, 'table')} unchanged`);
  for (const { name, skipped } of tables) if (skipped !== undefined) lines.push(`${name}: not compared, ${skipped}`);
  return lines;
}

function rowLines({ name, added, changed, removed, rows }: TableDiff): string[] {
  if (!rows || rows.length === 0) return [];
  const signs = { added: '+', changed: '~', removed: '-' } as const;
  const rest = added + changed + removed - rows.length;
  return [
    '',
    ...rows.map((row) => {
      const key = row.kind === 'changed' ? `${keyText(row.key)}: ` : '';
      const what = row.kind === 'changed' ? changeText(row) : rowText(row.after ?? row.before ?? {});
      return `${signs[row.kind]} ${name}  ${key}${what}`;
    }),
    ...(rest > 0 ? [`  … and ${rest} more (--rows)`] : []),
  ];
}
