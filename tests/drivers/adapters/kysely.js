exports.label = 'Kysely (better-sqlite3)';
exports.module = 'kysely';
exports.open = async (file) => {
  const Database = require('better-sqlite3');
  const { Kysely, SqliteDialect, sql } = require('kysely');
  const database = new Database(file, { timeout: 60_000 });
  const db = new Kysely({ dialect: new SqliteDialect({ database }) });
  const { rows: versions } = await sql`SELECT sqlite_version() AS version`.execute(db);
  return {
    sqlite: versions[0].version,
    write: () =>
      db.transaction().execute(async (trx) => {
        await trx.insertInto('entries').values({ amount: 3 }).execute();
        await trx
          .updateTable('totals')
          .set((eb) => ({ amount: eb('amount', '+', 3), entries: eb('entries', '+', 1) }))
          .execute();
      }),
    async read() {
      const { rows } = await db
        .selectFrom('entries')
        .select((eb) => eb.fn.countAll().as('rows'))
        .executeTakeFirstOrThrow();
      const { entries } = await db.selectFrom('totals').select('entries').executeTakeFirstOrThrow();
      return { rows, entries };
    },
    close: () => db.destroy(),
  };
};
