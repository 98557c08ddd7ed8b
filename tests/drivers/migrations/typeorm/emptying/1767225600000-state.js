exports.State1767225600000 = class {
  name = 'State1767225600000';
  up = (runner) => runner.query(`DELETE FROM invoices`);
  down = async () => {};
};
