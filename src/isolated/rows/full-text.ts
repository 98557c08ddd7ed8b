import type { Table } from './read-schema.js';

/** For a full-text index that keeps no rows of its own, names the table that has them; `''`: none. */
export function contentOf({ virtual, sql }: Table): string | undefined {
  if (!virtual) return undefined;
  const match = /[(,]\s*content\s*=\s*('(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|[^\s,)]*)/i.exec(sql);
  const text = match?.[1];
  if (text === undefined) return undefined;
  const quote = text[0] ?? '';
  return /['"`[]/.test(quote) ? text.slice(1, -1).replaceAll(quote + quote, quote) : text;
}
