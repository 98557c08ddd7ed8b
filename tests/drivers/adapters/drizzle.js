exports.label = 'Drizzle (better-sqlite3)';
exports.module = 'drizzle-orm';
exports.open = async (file) => {
  const Database = require('better-sqlite3');
  const { count, sql } = require('drizzle-orm');
  const { drizzle } = require('drizzle-orm/better-sqlite3');
  const { integer, sqliteTable } = require('drizzle-orm/sqlite-core');
  const entries = sqliteTable('entries', { id: integer().primaryKey(), amount: integer().notNull() });
  const totals = sqliteTable('totals', {
    id: integer().primaryKey(),
    amount: integer().notNull(),
    entries: integer().notNull(),
  });
  const client = new Database(file, { timeout: 60_000 });
  const db = drizzle({ client });
  return {
    sqlite: db.get(sql`SELECT sqlite_version() AS version`).version,
    write: async () =>
      db.transaction((tx) => {
        tx.insert(entries).values({ amount: 3 }).run();
        tx.update(totals)
          .set({ amount: sql`${totals.amount} + 3`, entries: sql`${totals.entries} + 1` })
          .run();
      }),
    async read() {
      const { rows } = db.select({ rows: count() }).from(entries).get();
      return { rows, entries: db.select().from(totals).get().entries };
    },
    close: async () => client.close(),
  };
};
