// An adapter is a file of this folder. It exports
//   label, module   what the table calls it, and what it requires
//   open(file)      a connection of the app: { sqlite, write(), read(), close() }. `write` is one commit of the ledger, `read`
//                   counts what is there; `sqlite` is the version of SQLite that it brings.
// It waits for locks up to a minute. For apps docs/drivers.md recommends 5 s in rollback-journal mode, but a copy may take
// longer on a machine that is busy with other tests.
const fs = require('node:fs');
const path = require('node:path');

exports.openDriver = async (name, file) => {
  const { label, module, open } = require(`./${name}.js`);
  return { label, version: versionOf(module), ...(await open(file)) };
};

function versionOf(module) {
  if (module.startsWith('node:')) return process.versions.node;
  for (let folder = path.dirname(require.resolve(module)); ; folder = path.dirname(folder)) {
    const file = path.join(folder, 'package.json');
    const { version } = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
    if (version !== undefined) return version;
  }
}
