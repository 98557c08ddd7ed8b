import type { BackupService } from '../index.js';
import { oneLine } from '../util/printable.js';
import type { Terminal } from './terminal.js';

export { ago, localTime, seconds, size, span } from '../util/format.js';

/** `1 backup`, `2 backups` */
export function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? '' : 's'}`;
}

/** Narrower than this, text is left to the terminal. */
const MIN_WIDTH = 20;

/** Breaks `text` at spaces to fit `columns`; later lines begin under the first. Unbroken where the width is not known. */
export function wrap(given: string, indent: number, columns: number | undefined): string {
  const text = oneLine(given);
  const width = (columns ?? Infinity) - indent;
  if (width < MIN_WIDTH || text.length <= width) return text;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => each.trimEnd()).join(`\n${' '.repeat(indent)}`);
}

/** The lines of texts that wrap() has broken. */
export function asLines(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split('\n'));
}

/** Below this width a list leaves out what its other columns say too, so that no row wraps at 80 columns. */
const WIDE = 110;

export function isNarrow({ columns = Infinity }: Pick<Terminal, 'columns'>): boolean {
  return columns < WIDE;
}

export interface TableOptions {
  /** Colours a cell after its width was taken. */
  readonly paint?: (cell: string, column: number, row: number) => string;
  /** The width that it has to fit; absent: any. */
  readonly columns?: number | undefined;
  /** Is the first row one of headings? */
  readonly header?: boolean;
  /** May the end of a last column be cut off? Else the rows are paragraphs before that. */
  readonly mayCut?: boolean;
}

/** A last column that is cut to less is not worth reading. */
const LEAST_ROOM = 14;

/**
 * Columns of equal width; each row is one line, whatever others have written into a cell. The last column is cut to fit; where the
 * others leave it no room, each row is a paragraph of its own.
 */
export function table(given: readonly (readonly string[])[], options: TableOptions = {}): string[] {
  const { paint = (cell: string): string => cell, columns = Infinity, mayCut = true } = options;
  const rows = given.map((cells) => cells.map(oneLine));
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const last = widths.length - 1;
  const room = columns - widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  if (room < Math.min(widths[last] ?? 0, mayCut ? LEAST_ROOM : Infinity)) return paragraphs(rows, options);
  const cut = (cell: string, column: number): string =>
    column === last && cell.length > room ? `${cell.slice(0, room - 1)}…` : cell;
  return rows.map((cells, row) =>
    cells
      .map(
        (cell, column) =>
          paint(cut(cell, column), column, row) + ' '.repeat(Math.max(0, widths[column]! - cell.length)),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** The first cell of each row on a line of its own, so that a name can be copied whole; what it says of itself below. */
function paragraphs(rows: readonly (readonly string[])[], { paint, columns, header = true }: TableOptions): string[] {
  const heads = header ? rows[0]! : [];
  const widest = Math.max(0, ...heads.slice(1).map((head) => head.length));
  const indent = header ? widest + 4 : 2;
  return rows.flatMap((cells, row) => {
    if (header && row === 0) return [];
    const lines = cells.map((cell, column) => {
      const text = (paint?.(cell, column, row) ?? cell).replace(cell, () =>
        wrap(cell, column === 0 ? 0 : indent, columns),
      );
      return column === 0 ? text : `  ${header ? `${heads[column]!.padEnd(widest)}  ` : ''}${text}`;
    });
    return asLines(lines.filter((_, column) => cells[column] !== ''));
  });
}

/** `before an invoice was deleted (InvoicesController.remove)`: the words of the option `labels` first, where it has some. */
export function withWords(service: Pick<BackupService, 'wordsFor'>, label: string): string {
  const words = service.wordsFor(label);
  return words === undefined ? label : `${words} (${label})`;
}
