// Another copy on the disk than the package's, as npm installs one where two versions are wanted. Loaded into one process
// they would be two SQLites that drop each other's locks. Copied, not compiled again.
const fs = require('node:fs');
const path = require('node:path');
const { openWith } = require('./better-sqlite3.js');

exports.label = 'better-sqlite3, second copy';
exports.module = '../../../node_modules/better-sqlite3';
exports.open = async (file) => {
  const copy = secondCopy();
  try {
    return openWith(require(copy), file);
  } finally {
    // Loaded by now, or of no use.
    fs.rmSync(copy, { recursive: true });
  }
};

/** Inside the repository, where it finds what it depends on. */
function secondCopy() {
  const root = path.join(__dirname, '..', '..', '..');
  const original = fs.realpathSync(path.join(root, 'node_modules', 'better-sqlite3'));
  fs.mkdirSync(path.join(root, 'build'), { recursive: true });
  const copy = fs.mkdtempSync(path.join(root, 'build', 'better-sqlite3-'));
  for (const name of ['package.json', 'lib', 'build/Release/better_sqlite3.node']) {
    fs.cpSync(path.join(original, name), path.join(copy, name), { recursive: true });
  }
  return copy;
}
