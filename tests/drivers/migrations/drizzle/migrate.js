const Database = require('better-sqlite3');
const { drizzle } = require('drizzle-orm/better-sqlite3');
const { migrate } = require('drizzle-orm/better-sqlite3/migrator');

const client = new Database(process.env.DATABASE_URL.replace(/^file:/, ''));
migrate(drizzle({ client }), { migrationsFolder: process.env.MIGRATIONS ?? 'migrations' });
client.close();
