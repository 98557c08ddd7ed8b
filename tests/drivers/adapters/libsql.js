const { openWith } = require('./better-sqlite3.js');

// It has the interface of better-sqlite3, and a SQLite of its own.
exports.label = 'libsql';
exports.module = 'libsql';
exports.open = async (file) => openWith(require('libsql'), file);
