const { DataSource } = require('typeorm');

module.exports = new DataSource({
  type: 'better-sqlite3',
  database: process.env.DATABASE_URL.replace(/^file:/, ''),
  migrations: [`${process.env.MIGRATIONS ?? 'migrations'}/*.js`],
});
