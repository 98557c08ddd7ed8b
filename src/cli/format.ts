import type { BackupService } from '../index.js';
import { oneLine } from '../util/printable.js';

export { ago, localTime, seconds, size, span } from '../util/format.js';

/** `1 backup`, `2 backups` */
export function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? '' : 's'}`;
}

/** Breaks `text` at spaces to fit `columns`; later lines begin under the first. Unbroken where the width is not known. */
export function wrap(text: string, indent: number, columns: number | undefined): string {
  const width = (columns ?? Infinity) - indent;
  if (width < 20 || text.length <= width) return text;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}

/**
 * Columns of equal width; each row is one line, whatever others have written into a cell. `paint` colours a cell after its
 * width was taken. The last column is cut to fit `columns`.
 */
export function table(
  given: readonly (readonly string[])[],
  paint: (cell: string, column: number, row: number) => string = (cell) => cell,
  columns?: number,
): string {
  const rows = given.map((cells) => cells.map(oneLine));
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const last = widths.length - 1;
  const room = (columns ?? Infinity) - widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const cut = (cell: string, column: number): string =>
    column === last && cell.length > room && room > 1 ? `${cell.slice(0, room - 1)}…` : cell;
  return rows
    .map((cells, row) =>
      cells
        .map(
          (cell, column) =>
            paint(cut(cell, column), column, row) + ' '.repeat(Math.max(0, widths[column]! - cell.length)),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `before an invoice was deleted (InvoicesController.remove)`: the words of the option `labels` first, where it has some. */
export function withWords(service: Pick<BackupService, 'wordsFor'>, label: string): string {
  const words = service.wordsFor(label);
  return words === undefined ? label : `${words} (${label})`;
}
