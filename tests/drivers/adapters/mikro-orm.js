exports.label = 'MikroORM (better-sqlite3)';
exports.module = '@mikro-orm/core';
exports.open = async (file) => {
  const { EntitySchema } = require('@mikro-orm/core');
  const { MikroORM } = requireDriver();
  const id = { type: 'integer', primary: true };
  const Entry = new EntitySchema({
    name: 'Entry',
    tableName: 'entries',
    properties: { id: { ...id, autoincrement: true }, amount: { type: 'integer' } },
  });
  const Total = new EntitySchema({
    name: 'Total',
    tableName: 'totals',
    properties: { id: { ...id, autoincrement: false }, amount: { type: 'integer' }, entries: { type: 'integer' } },
  });
  const orm = await MikroORM.init({ dbName: file, entities: [Entry, Total], debug: false });
  await orm.em.getConnection().execute('PRAGMA busy_timeout = 60000');
  const { version } = await orm.em.getConnection().execute('SELECT sqlite_version() AS version', [], 'get');
  return {
    sqlite: version,
    write: () =>
      orm.em.fork().transactional(async (em) => {
        em.persist(em.create(Entry, { amount: 3 }));
        const total = await em.findOneOrFail(Total, { id: 1 });
        total.amount += 3;
        total.entries += 1;
      }),
    async read() {
      const em = orm.em.fork();
      return { rows: await em.count(Entry), entries: (await em.findOneOrFail(Total, { id: 1 })).entries };
    },
    close: () => orm.close(true),
  };
};

/** Its package of better-sqlite3 changed its name with version 7, which needs Node 22. */
function requireDriver() {
  const { version } = require('@mikro-orm/core/package.json');
  return version.startsWith('6.') ? require('@mikro-orm/better-sqlite') : require('@mikro-orm/sqlite');
}
