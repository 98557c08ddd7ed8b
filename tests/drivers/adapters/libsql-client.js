const { pathToFileURL } = require('node:url');

exports.label = '@libsql/client';
exports.module = '@libsql/client';
exports.open = async (file) => {
  const { createClient } = require('@libsql/client');
  const client = createClient({ url: pathToFileURL(file).href, timeout: 60_000 });
  const one = async (sql) => (await client.execute(sql)).rows[0];
  return {
    sqlite: (await one('SELECT sqlite_version() AS version')).version,
    async write() {
      await client.batch(
        ['INSERT INTO entries (amount) VALUES (3)', 'UPDATE totals SET amount = amount + 3, entries = entries + 1'],
        'write',
      );
    },
    async read() {
      const { rows, entries } = await one(
        'SELECT count(*) AS rows, (SELECT entries FROM totals) AS entries FROM entries',
      );
      return { rows, entries };
    },
    close: async () => client.close(),
  };
};
