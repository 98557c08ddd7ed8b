import Database from 'better-sqlite3';

type Fill = (db: Database.Database) => void;

/** A database that works, one kind of schema object each, and what SQLite makes of it at the level `full`. */
export interface SchemaObject {
  readonly fill: Fill;
  /** Part of the one finding; absent: there is none. */
  readonly finding?: RegExp;
  /** Does `quick` find it too? Default: yes. */
  readonly quick?: false;
}

const sql =
  (text: string): Fill =>
  (db) =>
    void db.exec(text);

/** What an older or another SQLite has accepted: the schema is changed by hand, the rows stay. */
const declaredLater =
  (made: string, name: string, declared: string): Fill =>
  (db) => {
    db.exec(made);
    rewrite(db, `UPDATE sqlite_schema SET sql = '${declared.replaceAll("'", "''")}' WHERE name = '${name}'`);
  };

/** Shadow tables are writable for whoever switches the defence off. */
const behindItsBack =
  (made: string, change: string): Fill =>
  (db) => {
    db.exec(made);
    db.unsafeMode(true);
    db.exec(change);
  };

const withFunction =
  (text: string): Fill =>
  (db) => {
    db.function('slug', { deterministic: true }, (value) => String(value).toLowerCase());
    db.exec(text);
  };

function rewrite(db: Database.Database, update: string): void {
  db.unsafeMode(true);
  db.pragma('writable_schema = ON');
  db.exec(update);
  db.pragma('writable_schema = RESET');
}

const NOTES = "CREATE VIRTUAL TABLE notes USING fts5(body); INSERT INTO notes VALUES ('seven hens')";
const OLD_NOTES = "CREATE VIRTUAL TABLE notes USING fts4(body); INSERT INTO notes VALUES ('seven hens')";
const PLACES = 'CREATE VIRTUAL TABLE places USING rtree(id, a, b); INSERT INTO places VALUES (1, 2, 3)';
const WORDS =
  "CREATE TABLE words (w TEXT, n); CREATE INDEX by_w ON words (w); INSERT INTO words VALUES ('B', 1), ('a', 2), ('A', 3)";

export const SCHEMA_OBJECTS: Record<string, SchemaObject> = {
  'a table, an index, a view, a trigger': {
    fill: sql(`CREATE TABLE t (a UNIQUE, b); CREATE INDEX i ON t (b) WHERE a > 1; CREATE VIEW v AS SELECT a FROM t;
      CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END; INSERT INTO t VALUES (1, 2)`),
  },
  'a view and a trigger that name what is not there': {
    fill: sql(`CREATE TABLE t (a); CREATE VIEW v AS SELECT gone(a) FROM missing;
      CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT gone(1); END`),
  },
  'an AUTOINCREMENT, with a sequence of nonsense': {
    fill: sql(`CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO t DEFAULT VALUES;
      UPDATE sqlite_sequence SET seq = 'x'`),
  },
  'statistics of nonsense': {
    fill: sql(`${WORDS}; ANALYZE; UPDATE sqlite_stat1 SET stat = 'x'; UPDATE sqlite_stat4 SET sample = x'ff'`),
  },
  'a broken foreign key': {
    fill: sql(`PRAGMA foreign_keys = OFF; CREATE TABLE p (id INTEGER PRIMARY KEY);
      CREATE TABLE c (p REFERENCES p); INSERT INTO c VALUES (5)`),
  },
  'FTS5, contentless': {
    fill: sql(
      "CREATE VIRTUAL TABLE notes USING fts5(body, content=''); INSERT INTO notes(rowid, body) VALUES (1, 'hens')",
    ),
  },
  'FTS4, contentless': {
    fill: sql(
      `CREATE VIRTUAL TABLE notes USING fts4(content="", body); INSERT INTO notes(docid, body) VALUES (1, 'hens')`,
    ),
    // Newer versions of SQLite do not complain.
    ...(complainsOfContentless() && { finding: /FTS4 table main\.notes/ }),
  },
  'FTS4 over another table, out of step': {
    fill: sql(
      `CREATE TABLE c (body); CREATE VIRTUAL TABLE notes USING fts4(body, content='c'); INSERT INTO c VALUES ('hens')`,
    ),
    finding: /malformed inverted index for FTS4/,
  },
  'FTS5 out of step with its content': {
    fill: behindItsBack(NOTES, "UPDATE notes_content SET c0 = 'other'"),
    finding: /malformed inverted index for FTS5/,
  },
  'FTS4 out of step with its content': {
    fill: behindItsBack(OLD_NOTES, "UPDATE notes_content SET c0body = 'other'"),
    finding: /malformed inverted index for FTS4/,
  },
  'FTS5 without its index': { fill: behindItsBack(NOTES, 'DELETE FROM notes_data'), finding: /fts5: corruption/ },
  'FTS5 of a later format': {
    fill: behindItsBack(NOTES, 'UPDATE notes_config SET v = 99'),
    finding: /notes could not be judged: .*invalid fts5 file format/,
  },
  'FTS4 with an index of nonsense': {
    fill: behindItsBack(OLD_NOTES, "UPDATE notes_segdir SET root = x'ffffffff'"),
    finding: /malformed inverted index for FTS4/,
  },
  'FTS5 with a tokenizer of the app': {
    fill: declaredLater(NOTES, 'notes', 'CREATE VIRTUAL TABLE notes USING fts5(body, tokenize = snowball)'),
    finding: /notes could not be judged/,
  },
  'FTS4 with a tokenizer of another build': {
    fill: declaredLater(OLD_NOTES, 'notes', 'CREATE VIRTUAL TABLE notes USING fts4(body, tokenize=icu en)'),
    finding: /notes could not be judged: .*unknown tokenizer: icu/,
  },
  'FTS3 with a tokenizer of the app': {
    fill: declaredLater(
      OLD_NOTES.replace('fts4', 'fts3'),
      'notes',
      'CREATE VIRTUAL TABLE notes USING fts3(body, tokenize=mine)',
    ),
    finding: /notes could not be judged: .*unknown tokenizer: mine/,
  },
  'a virtual table of a module that is not here': {
    fill: declaredLater(NOTES, 'notes', 'CREATE VIRTUAL TABLE notes USING vec0(embedding float[3])'),
    finding: /notes could not be judged: .*no such module: vec0/,
  },
  'R-tree and Geopoly': {
    fill: sql(
      `${PLACES}; CREATE VIRTUAL TABLE g USING geopoly(a); INSERT INTO g(_shape) VALUES ('[[0,0],[1,0],[1,1],[0,0]]')`,
    ),
  },
  'an R-tree out of step': {
    fill: behindItsBack(PLACES, 'DELETE FROM places_rowid'),
    finding: /In RTree main\.places/,
  },
  'an R-tree of nonsense': {
    fill: behindItsBack(PLACES, "UPDATE places_node SET data = x'00'"),
    finding: /places could not be judged: .*undersize RTree blobs/,
  },
  'NULL in a NOT NULL column': {
    fill: declaredLater('CREATE TABLE t (a, b); INSERT INTO t VALUES (1, NULL)', 't', 'CREATE TABLE t (a, b NOT NULL)'),
    finding: /NULL value in t\.b/,
  },
  'a wrong type in a STRICT table': {
    fill: declaredLater("CREATE TABLE t (a); INSERT INTO t VALUES ('x')", 't', 'CREATE TABLE t (a INT) STRICT'),
    finding: /non-INT value in t\.a/,
  },
  'a row that breaks its CHECK': {
    fill: sql('PRAGMA ignore_check_constraints = ON; CREATE TABLE t (a CHECK (a > 9)); INSERT INTO t VALUES (1)'),
  },
  'a generated column over malformed JSON': {
    fill: declaredLater(
      "CREATE TABLE t (j); INSERT INTO t VALUES ('{bad')",
      't',
      "CREATE TABLE t (j, n NOT NULL AS (json_extract(j, '$.n')))",
    ),
    finding: /t could not be judged: .*malformed JSON/,
  },
  'an index over malformed JSON': {
    fill: declaredLater(
      "CREATE TABLE t (j); CREATE INDEX i ON t (substr(j, 1)); INSERT INTO t VALUES ('{bad')",
      'i',
      "CREATE INDEX i ON t (json_extract(j, '$.n'))",
    ),
    finding: /indexes of t could not be compared with it: .*malformed JSON/,
    quick: false,
  },
  "a generated column of the app's function": {
    fill: withFunction("CREATE TABLE t (a, s NOT NULL AS (slug(a))); INSERT INTO t VALUES ('A')"),
    finding: /t could not be judged: .*slug/,
  },
  "an index and a partial index of the app's function": {
    fill: withFunction(
      "CREATE TABLE t (a); CREATE INDEX i ON t (slug(a)); CREATE INDEX p ON t (a) WHERE slug(a); INSERT INTO t VALUES ('A')",
    ),
    finding: /indexes of t could not be compared with it: .*slug/,
    quick: false,
  },
  "a default and a CHECK of the app's function": {
    fill: withFunction("CREATE TABLE t (a DEFAULT (slug('A')), b CHECK (slug(b))); "),
  },
  "an index with the app's collation": {
    fill: declaredLater(WORDS, 'words', 'CREATE TABLE words (w TEXT COLLATE german, n)'),
    finding: /words could not be judged: .*no such collation sequence: german/,
  },
  "a WITHOUT ROWID key with the app's collation": {
    fill: declaredLater(
      "CREATE TABLE t (k TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO t VALUES ('a'), ('b')",
      't',
      'CREATE TABLE t (k TEXT COLLATE german PRIMARY KEY) WITHOUT ROWID',
    ),
    finding: /t could not be judged: .*no such collation sequence: german/,
  },
  "an index in the order of the app's own NOCASE": {
    fill: declaredLater(WORDS, 'words', 'CREATE TABLE words (w TEXT COLLATE NOCASE, n)'),
    finding: /row \d missing from index by_w/,
    quick: false,
  },
  "a WITHOUT ROWID key in the order of the app's own NOCASE": {
    fill: declaredLater(
      "CREATE TABLE t (k TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO t VALUES ('B'), ('a')",
      't',
      'CREATE TABLE t (k TEXT COLLATE NOCASE PRIMARY KEY) WITHOUT ROWID',
    ),
    finding: /row not in PRIMARY KEY order for t/,
    quick: false,
  },
  'an index with fewer entries than its table has rows': {
    fill: declaredLater(WORDS.replace('(w);', '(w) WHERE n = 1;'), 'by_w', 'CREATE INDEX by_w ON words (w)'),
    finding: /index by_w/,
  },
  'a UNIQUE index with equal entries': {
    fill: declaredLater(WORDS.replace("'B'", "'a'"), 'by_w', 'CREATE UNIQUE INDEX by_w ON words (w)'),
    finding: /non-unique entry in index by_w/,
    quick: false,
  },
  'a table whose name is a number, and needs the app': {
    fill: withFunction(`CREATE TABLE "123" (a, s NOT NULL AS (slug(a))); INSERT INTO "123" VALUES ('A')`),
    finding: /123 could not be judged/,
  },
};

/** Makes the database and closes it. */
export function createWith(file: string, fill: Fill): string {
  const db = new Database(file);
  try {
    // Made in hundreds: no test of this cuts the power.
    db.pragma('synchronous = OFF');
    db.pragma('journal_mode = MEMORY');
    fill(db);
  } finally {
    db.close();
  }
  return file;
}

/** Asks this very SQLite, since versions differ. */
function complainsOfContentless(): boolean {
  const db = new Database(':memory:');
  db.exec(`CREATE VIRTUAL TABLE notes USING fts4(content="", body); INSERT INTO notes(docid, body) VALUES (1, 'hens')`);
  const said = db.pragma('quick_check', { simple: true });
  db.close();
  return said !== 'ok';
}
