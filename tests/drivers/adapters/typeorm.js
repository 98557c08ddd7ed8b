exports.label = 'TypeORM (better-sqlite3)';
exports.module = 'typeorm';
exports.open = async (file) => {
  const { DataSource, EntitySchema } = require('typeorm');
  const id = { type: 'integer', primary: true };
  const Entry = new EntitySchema({
    name: 'Entry',
    tableName: 'entries',
    columns: { id: { ...id, generated: 'increment' }, amount: { type: 'integer' } },
  });
  const Total = new EntitySchema({
    name: 'Total',
    tableName: 'totals',
    columns: { id, amount: { type: 'integer' }, entries: { type: 'integer' } },
  });
  const source = new DataSource({ type: 'better-sqlite3', database: file, timeout: 60_000, entities: [Entry, Total] });
  await source.initialize();
  const [{ version }] = await source.query('SELECT sqlite_version() AS version');
  return {
    sqlite: version,
    write: () =>
      source.transaction(async (manager) => {
        await manager.insert(Entry, { amount: 3 });
        await manager.increment(Total, { id: 1 }, 'amount', 3);
        await manager.increment(Total, { id: 1 }, 'entries', 1);
      }),
    async read() {
      const rows = await source.getRepository(Entry).count();
      const { entries } = await source.getRepository(Total).findOneByOrFail({ id: 1 });
      return { rows, entries };
    },
    close: () => source.destroy(),
  };
};
