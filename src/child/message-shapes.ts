import type { RecoverReport } from './rows-protocol.js';
import { diffFromJson, queryFromJson, recoverFromJson } from './rows-protocol.js';
import { isRecord } from '../util/is-record.js';
import type { SqlJson } from '../util/sql-value.js';

// What a line must look like before this version uses it. The child may be of another version, after an upgrade on the disk under a
// running app, or no child at all: whatever it prints, nothing of it may throw later on, far from here.

type Json = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === 'string';
const flag: Check = (value) => typeof value === 'boolean';
const count: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
/** The name of a step; it is part of messages. */
const step: Check = (value) => typeof value === 'string' && /^[a-z][a-z-]{0,30}$/.test(value);
const time: Check = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value));
const list =
  (of: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(of);
const byName =
  (of: Check): Check =>
  (value) =>
    isRecord(value) && Object.values(value).every(of);
const optional =
  (of: Check): Check =>
  (value) =>
    value === undefined || of(value);
const record =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isRecord(value) && Object.entries(fields).every(([name, check]) => check(value[name]));

/** Values of SQL are converted as a whole: a number that is none shows then. */
function converts(convert: (value: never) => unknown): Check {
  return (value) => {
    try {
      convert(value as never);
      return true;
    } catch {
      return false;
    }
  };
}

const all =
  (...checks: Check[]): Check =>
  (value) =>
    checks.every((check) => check(value));

const backup = record({ name: text, path: text, createdAt: time, sizeBytes: count });
const object = record({ type: text, name: text });
const table = record({ name: text, added: count, changed: count, removed: count, rows: optional(list(isRecord)) });
const perTable = byName(count);
const recovered = all(
  record({
    plan: text,
    ...{ inserted: perTable, relinked: perTable, overwritten: perTable, kept: perTable, skipped: perTable },
    conflicts: list(record({ table: text, columns: list(text), backup: isRecord, live: isRecord })),
    ...{ conflictCount: count, triggers: list(text), lostColumns: list(text), newKeys: list(isRecord) },
    alsoChanged: list(record({ table: text, count })),
    fullText: list(record({ table: text })),
  }),
  converts(recoverFromJson),
);

/** What each kind of result has to have. */
const RESULTS: Readonly<Record<string, Check>> = {
  created: record({ backup, durationMs: count }),
  fresh: record({ latest: backup }),
  verified: record({
    report: record({
      ...{ name: text, level: text, ok: flag, problems: list(text), findings: list(text), uncheckedTables: list(text) },
      ...{ sizeBytes: count, sha256: text, durationMs: count },
      assertions: optional(list(record({ sql: text, ok: flag, error: optional(text) }))),
    }),
  }),
  restored: record({
    report: record({ name: text, path: text, method: text, movedAside: list(text), sizeBytes: count }),
  }),
  inspected: record({ facts: isRecord }),
  probed: record({ report: record({ lock: text, versions: byName(text) }) }),
  protected: isRecord,
  imported: record({ backup, alreadyThere: flag, durationMs: count }),
  diffed: record({
    diff: all(
      record({
        ...{ from: text, to: text, tables: list(table) },
        schema: record({ added: list(object), removed: list(object), changed: list(object) }),
      }),
      converts(diffFromJson),
    ),
  }),
  recovered: record({ report: recovered }),
  queried: record({
    result: all(record({ columns: list(text), rows: list(Array.isArray), truncated: flag }), converts(queryFromJson)),
  }),
};

const isResult: Check = (value) =>
  isRecord(value) &&
  typeof value['kind'] === 'string' &&
  Object.hasOwn(RESULTS, value['kind']) &&
  RESULTS[value['kind']]!(value);

const wireError = record({
  ...{ code: text, what: text, step, hint: text },
  cause: optional(record({ message: text, code: text })),
});

const MESSAGES: Readonly<Record<string, Check>> = {
  step: record({ step }),
  progress: record({ doneBytes: count, totalBytes: count }),
  partial: record({ path: text }),
  limit: record({ withinMs: count, error: wireError }),
  result: record({ result: isResult }),
  error: record({ error: wireError }),
};

/** Is it a message that this version can handle? */
export function isMessage(value: Json): boolean {
  const { type } = value;
  return typeof type === 'string' && Object.hasOwn(MESSAGES, type) && MESSAGES[type]!(value);
}

/** Is it the report of a recovery, of this version? An error is told without one that is not. */
export function isRecoverReport(value: unknown): value is RecoverReport<SqlJson> {
  return recovered(value);
}
