/**
 * A value of a row: an integer is a number, or a bigint where a number would round it; a REAL is a number; a BLOB is a
 * `Uint8Array`.
 */
export type SqlValue = null | number | bigint | string | Uint8Array;

/** Is a value true, as in a WHERE? Of a text, its number decides: 'ok' and '0' are false. */
export function isTrue(value: SqlValue): boolean {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString() : value;
  return typeof text === 'string' ? Boolean(Number.parseFloat(text)) : Boolean(text);
}

/** Bytes as people read them, cut off where there are many: `x'00ff…'`. */
export function bytesText(value: Uint8Array): string {
  return `x'${Buffer.from(value.subarray(0, 16)).toString('hex')}${value.length > 16 ? '…' : ''}'`;
}

/** A row by the names of its columns. */
export type Row = Readonly<Record<string, SqlValue>>;

/**
 * The same in JSON. What JSON has no form for is an object of one key: `{ "integer": "9007199254740993" }`,
 * `{ "real": "Infinity" }` (also `-Infinity` and `-0`), `{ "blob": "<base64>" }`.
 */
export type SqlJson =
  null | number | string | { readonly integer: string } | { readonly real: string } | { readonly blob: string };

export function sqlToJson(value: SqlValue): SqlJson {
  if (typeof value === 'bigint') return isSafe(value) ? Number(value) : { integer: String(value) };
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return { real: '-0' };
    return Number.isFinite(value) ? value : { real: String(value) };
  }
  if (value === null || typeof value === 'string') return value;
  return { blob: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
}

export function sqlFromJson(json: SqlJson): SqlValue {
  if (json === null || typeof json !== 'object') return json;
  if ('integer' in json) return BigInt(json.integer);
  return 'real' in json ? Number(json.real) : new Uint8Array(Buffer.from(json.blob, 'base64'));
}

/** A row, or an answer with rows in it: every value at any depth. */
export function rowToJson(row: Row): Record<string, SqlJson> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, sqlToJson(value)]));
}

export function rowFromJson(row: Readonly<Record<string, SqlJson>>): Row {
  return Object.fromEntries(Object.entries(row).map(([name, json]) => [name, sqlFromJson(json)]));
}

function isSafe(value: bigint): boolean {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
}
