exports.label = 'sqlite3';
exports.module = 'sqlite3';
exports.open = async (file) => {
  const { Database } = require('sqlite3');
  const db = await new Promise((resolve, reject) => {
    const opened = new Database(file, (error) => (error ? reject(error) : resolve(opened)));
  });
  db.configure('busyTimeout', 60_000);
  const settle = (call) =>
    new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))));
  const run = (sql) => settle((done) => db.run(sql, done));
  const get = (sql) => settle((done) => db.get(sql, done));
  return {
    sqlite: (await get('SELECT sqlite_version() AS version')).version,
    async write() {
      await run('BEGIN IMMEDIATE');
      try {
        await run('INSERT INTO entries (amount) VALUES (3)');
        await run('UPDATE totals SET amount = amount + 3, entries = entries + 1');
        await run('COMMIT');
      } catch (error) {
        await run('ROLLBACK');
        throw error;
      }
    },
    read: () => get('SELECT count(*) AS rows, (SELECT entries FROM totals) AS entries FROM entries'),
    close: () => settle((done) => db.close(done)),
  };
};
