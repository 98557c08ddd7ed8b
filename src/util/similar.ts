/**
 * The one of the known names that was probably meant, to be offered where a misspelled one is refused; `undefined` if none is near:
 * at most a third of its letters may differ, and two neighbours that have changed places count as one.
 */
export function similarName(given: string, known: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Infinity;
  for (const name of known) {
    const most = Math.max(1, Math.floor(name.length / 3));
    // Names that differ more in length can't be near: what was given may be as long as it likes.
    if (Math.abs(name.length - given.length) > most) continue;
    const distance = editDistance(given.toLowerCase(), name.toLowerCase());
    if (distance <= most && distance < least) [nearest, least] = [name, distance];
  }
  return nearest;
}

/** How many letters must be put in, taken out, replaced or swapped with their neighbour. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    const [row, above]: [number[], number[]] = [[i], rows[i - 1]!];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, replaced, swapped ? rows[i - 2]![j - 2]! + 1 : Infinity);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
