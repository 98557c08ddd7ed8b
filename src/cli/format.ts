import bytes from 'bytes';
import ms from 'ms';

/** `12.4 MB` */
export function size(count: number): string {
  return bytes(count, { unitSeparator: ' ' })!;
}

/** `2 days`, `45 seconds` */
export function span(milliseconds: number): string {
  return milliseconds < 1000 ? 'a moment' : ms(milliseconds, { long: true });
}

export function ago(milliseconds: number): string {
  return milliseconds < 1000 ? 'just now' : `${span(milliseconds)} ago`;
}

/** `0.31 s` */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

/** `2026-11-24 09:30:00`, in local time, as the names of backups are. */
export function localTime(date: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** `1 backup`, `2 backups` */
export function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? '' : 's'}`;
}

/** Columns of equal width. `paint` colours a cell after it was measured. */
export function table(
  rows: readonly (readonly string[])[],
  paint: (cell: string, column: number, row: number) => string = (cell) => cell,
): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  return rows
    .map((cells, row) =>
      cells
        .map((cell, column) => paint(cell, column, row) + ' '.repeat(widths[column]! - cell.length))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
