import { fold, sameName } from './names.js';
import type { SchemaEntry, Table } from './read-schema.js';

/** For a full-text index that keeps no rows of its own, names the table that has them; `''`: none. */
export function contentOf({ virtual, sql }: Table): string | undefined {
  if (!virtual) return undefined;
  const match = /[(,]\s*content\s*=\s*('(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|[^\s,)]*)/i.exec(sql);
  const text = match?.[1];
  if (text === undefined) return undefined;
  const quote = text[0] ?? '';
  return /['"`[]/.test(quote) ? text.slice(1, -1).replaceAll(quote + quote, quote) : text;
}

/** Does what an index takes its rows from have those of a table: is it the table, or a view that names it, on whatever level? */
export function hasRowsOf(
  content: string,
  table: string,
  entries: readonly SchemaEntry[],
  seen: readonly string[] = [],
): boolean {
  if (sameName(content, table)) return true;
  const view = entries.find(({ type, name }) => type === 'view' && sameName(name, content));
  if (!view || seen.includes(fold(content))) return false;
  const text = fold(view.sql);
  if (text.includes(fold(table))) return true;
  return entries.some(
    ({ type, name }) =>
      type === 'view' && text.includes(fold(name)) && hasRowsOf(name, table, entries, [...seen, fold(content)]),
  );
}
