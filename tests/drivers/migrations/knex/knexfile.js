module.exports = {
  client: 'better-sqlite3',
  connection: { filename: process.env.DATABASE_URL.replace(/^file:/, '') },
  useNullAsDefault: true,
  migrations: { directory: process.env.MIGRATIONS ?? 'migrations' },
};
