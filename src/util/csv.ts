import type { SqlValue } from './sql-value.js';

/** RFC 4180. NULL is an empty field, an empty text is `""`, a BLOB is in hexadecimal. */
export function csvOf({
  columns,
  rows,
}: {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly SqlValue[])[];
}): string {
  const field = (value: SqlValue): string => {
    if (value === null) return '';
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    const text = String(value);
    return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => row.map(field).join(',')).join('\r\n');
}
