exports.up = (knex) => knex.raw(`ALTER TABLE invoices ADD COLUMN state TEXT`);
exports.down = () => {};
