/** A name as SQL text: `we"ird` becomes `"we""ird"`. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** SQLite compares the names of tables and columns so, for ASCII letters only. */
export function sameName(a: string, b: string): boolean {
  return fold(a) === fold(b);
}

/** A name as a key of a map. */
export function fold(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** `prefix."a", prefix."b"` */
export function columnList(prefix: string, columns: readonly string[]): string {
  return columns.map((column) => `${prefix}.${quoteName(column)}`).join(', ');
}

/** Terms between which an operator stands, as a tree that is not deep: SQLite allows 1,000 levels, and a table 2,000 columns. */
export function balanced(terms: readonly string[], operator: string): string {
  if (terms.length <= 200) return terms.join(` ${operator} `);
  const half = Math.ceil(terms.length / 2);
  return `(${balanced(terms.slice(0, half), operator)}) ${operator} (${balanced(terms.slice(half), operator)})`;
}
