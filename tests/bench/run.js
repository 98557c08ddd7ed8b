'use strict';
// npm run bench: all of them, one after the other, on a machine that should do nothing else.
const os = require('node:os');

async function main() {
  console.log(
    `Node ${process.version}, ${os.cpus().length} x ${os.cpus()[0]?.model.trim()}, ${os.type()} ${os.release()}`,
  );
  for (const name of ['not-due', 'loading', 'small-backup', 'large-backup', 'event-loop', 'dashboard']) {
    await require(`./${name}.js`).run();
  }
}

void main();
