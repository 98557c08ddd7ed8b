exports.State1767225600000 = class {
  name = 'State1767225600000';
  up = (runner) => runner.query(`ALTER TABLE invoices ADD COLUMN state TEXT REFERENCES`);
  down = async () => {};
};
