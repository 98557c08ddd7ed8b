// Node's own, with the SQLite that is built into Node.
exports.label = 'node:sqlite';
exports.module = 'node:sqlite';
exports.open = async (file) => {
  const { DatabaseSync } = require('node:sqlite');
  const db = new DatabaseSync(file, { timeout: 60_000 });
  const insert = db.prepare('INSERT INTO entries (amount) VALUES (3)');
  const update = db.prepare('UPDATE totals SET amount = amount + 3, entries = entries + 1');
  const count = db.prepare('SELECT count(*) AS rows, (SELECT entries FROM totals) AS entries FROM entries');
  return {
    sqlite: db.prepare('SELECT sqlite_version() AS version').get().version,
    async write() {
      db.exec('BEGIN IMMEDIATE');
      try {
        insert.run();
        update.run();
        db.exec('COMMIT');
      } catch (error) {
        if (db.isTransaction) db.exec('ROLLBACK');
        throw error;
      }
    },
    async read() {
      const { rows, entries } = count.get();
      return { rows, entries };
    },
    close: async () => db.close(),
  };
};
