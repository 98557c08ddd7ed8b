// Values are compared by type and by bytes. No operator of SQLite's does that.
import { balanced, quoteName } from './names.js';
import type { Column } from './read-schema.js';

/** A column that both states of a table have. */
export interface SharedColumn {
  readonly older: Column;
  readonly newer: Column;
}

/**
 * SQL that is true where two values differ in type or in bytes. `=` would compare by affinity and collation: 'abc' and
 * 'ABC' under NOCASE, 2 and 2.0. Numbers of one affinity are stored in one way, so only a column without any needs
 * `typeof`, and an INTEGER one for -2^63, which is the only integer that a REAL beside it can equal.
 */
export function differs(o: string, n: string, { older, newer }: SharedColumn): string {
  const a = `${o}.${quoteName(older.name)}`;
  const b = `${n}.${quoteName(newer.name)}`;
  const unequal = `+${a} IS NOT +${b} COLLATE BINARY`;
  const typesDiffer = `typeof(${a}) IS NOT typeof(${b})`;
  if (older.affinity !== newer.affinity || older.affinity === 'BLOB') {
    // atan2() tells -0.0 from 0.0, which are equal to every operator.
    return `(${unequal} OR ${typesDiffer} OR (+${a} = 0 AND typeof(${a}) = 'real' AND atan2(${a}, -1) IS NOT atan2(${b}, -1)))`;
  }
  if (older.affinity === 'INTEGER' || older.affinity === 'NUMERIC') {
    return `(${unequal} OR (+${a} = -9223372036854775808 AND ${typesDiffer}))`;
  }
  return `(${unequal})`;
}

/** SQLite takes 2,000 columns, of which each here may need three. */
const TERMS_FOR_EACH = 600;
const VALUES_IN_ONE = 100;

/** Terms of a GROUP BY or PARTITION BY that put rows of equal contents together. */
export function exactTerms(alias: string, columns: readonly SharedColumn[], side: 'older' | 'newer'): string[] {
  const values = columns.map((column) => `${alias}.${quoteName(column[side].name)}`);
  if (values.length > TERMS_FOR_EACH) {
    return Array.from({ length: Math.ceil(values.length / VALUES_IN_ONE) }, (_, i) =>
      balanced(values.slice(i * VALUES_IN_ONE, (i + 1) * VALUES_IN_ONE).map(exactText), '||'),
    );
  }
  return values.flatMap((value) => [
    `+${value} COLLATE BINARY`,
    `typeof(${value})`,
    `CASE WHEN typeof(${value}) = 'real' THEN atan2(${value}, -1) END`,
  ]);
}

/** SQL of a text that is another one for each value and each type. */
function exactText(value: string): string {
  return `CASE typeof(${value}) WHEN 'null' THEN 'n' WHEN 'integer' THEN 'i' || ${value}
    WHEN 'real' THEN format('r%!.20e', ${value}) || (atan2(${value}, -1) < 0) ELSE substr(typeof(${value}), 1, 1) || hex(${value}) END || ','`;
}
