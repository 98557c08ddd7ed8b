// The same copy on the disk as the package's child process uses.
exports.label = 'better-sqlite3';
exports.module = '../../../node_modules/better-sqlite3';
exports.open = async (file) => openWith(require(exports.module), file);
exports.openWith = openWith;

function openWith(Database, file) {
  const db = new Database(file, { timeout: 60_000 });
  const insert = db.prepare('INSERT INTO entries (amount) VALUES (3)');
  const update = db.prepare('UPDATE totals SET amount = amount + 3, entries = entries + 1');
  const count = db.prepare('SELECT count(*) AS rows, (SELECT entries FROM totals) AS entries FROM entries');
  const commit = db.transaction(() => {
    insert.run();
    update.run();
  });
  return {
    sqlite: db.prepare('SELECT sqlite_version() AS version').get().version,
    write: async () => commit.immediate(),
    async read() {
      const { rows, entries } = count.get();
      return { rows, entries };
    },
    close: async () => db.close(),
  };
}
