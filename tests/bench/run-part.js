'use strict';
// node run-part.js PART FILE SIZE…: one part, whose tables (or its error) are written to FILE.
const fs = require('node:fs');
const path = require('node:path');

const [name, file, ...sizes] = process.argv.slice(2);
const write = (found) => fs.writeFileSync(file, JSON.stringify(found));
(async () => {
  const tables = await require(path.join(__dirname, `${name}.js`)).run({ sizes });
  write({ tables: [tables].flat() });
})()
  .catch((error) => {
    console.error(error);
    write({ error: String(error.message) });
  })
  // What a part has left open must not hold up the others.
  .finally(() => process.exit());
