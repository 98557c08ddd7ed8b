exports.label = 'Knex (better-sqlite3)';
exports.module = 'knex';
exports.open = async (file) => {
  const knex = require('knex')({
    client: 'better-sqlite3',
    connection: { filename: file },
    useNullAsDefault: true,
    pool: {
      afterCreate(connection, done) {
        connection.pragma('busy_timeout = 60000');
        done(null, connection);
      },
    },
  });
  const [{ version }] = await knex.raw('SELECT sqlite_version() AS version');
  return {
    sqlite: version,
    write: () =>
      knex.transaction(async (trx) => {
        await trx('entries').insert({ amount: 3 });
        await trx('totals').increment({ amount: 3, entries: 1 });
      }),
    async read() {
      const { rows } = await knex('entries').count({ rows: '*' }).first();
      const { entries } = await knex('totals').first();
      return { rows, entries };
    },
    close: () => knex.destroy(),
  };
};
