// For NODE_OPTIONS=--require: writes down which program has loaded it.
require('node:fs').appendFileSync(process.env.RECORD, `${process.argv[1]}\n`);
