import type { DatabaseDiff, RowChange, TableDiff } from '../index.js';
import { forPage } from '../util/printable.js';
import { changeText, keyText, rowText } from './sql-text.js';

/** A comparison as one page that needs nothing else. */
export function diffHtml({ from, to, schema, tables }: DatabaseDiff): string {
  const changes = (['added', 'removed', 'changed'] as const).flatMap((kind) =>
    schema[kind].map(({ type, name }) => `<li>${kind}: ${type} ${escape(name)}</li>`),
  );
  return forPage(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${escape(from)}</title>
<style>body{font:15px system-ui;margin:2rem}table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:left;vertical-align:top}
tr+tr{border-top:1px solid #ccc}</style>
<h1>What has changed</h1>
<p>${escape(from)} → ${escape(to === 'live' ? 'the live database' : to)}</p>
${changes.length > 0 ? `<h2>Schema</h2>\n<ul>${changes.join('\n')}</ul>` : ''}
<h2>Tables</h2>
<table><tr><th>table<th>added<th>changed<th>removed<th></tr>
${tables.map(tableRow).join('\n')}
</table>
${tables
  .filter(({ rows = [] }) => rows.length > 0)
  .map(rowsOf)
  .join('\n')}
</html>
`);
}

function tableRow({ name, added, changed, removed, skipped = '' }: TableDiff): string {
  return `<tr><td>${escape(name)}<td>${added}<td>${changed}<td>${removed}<td>${escape(skipped)}</tr>`;
}

function rowsOf({ name, rows = [] }: TableDiff): string {
  return `<h2>${escape(name)}</h2>\n<table>${rows.map(rowOf).join('\n')}</table>`;
}

function rowOf(row: RowChange): string {
  const what = row.kind === 'changed' ? changeText(row) : rowText(row.after ?? row.before ?? {});
  return `<tr><td>${row.kind}<td>${escape(keyText(row.key))}<td>${escape(what)}</tr>`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
