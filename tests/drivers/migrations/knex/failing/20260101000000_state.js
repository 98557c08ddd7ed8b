exports.up = (knex) => knex.raw(`ALTER TABLE invoices ADD COLUMN state TEXT REFERENCES`);
exports.down = () => {};
