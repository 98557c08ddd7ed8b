exports.up = (knex) => knex.raw(`DELETE FROM invoices`);
exports.down = () => {};
