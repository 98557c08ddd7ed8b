// node --require: tells the test that a backup begins, and that a client has gone: after the app has been told, since what is printed
// is read when all who listen for the same event have run.
'use strict';
const { subscribe } = require('node:diagnostics_channel');

subscribe('tracing:sqlite-autobackup:backup:start', () => console.log('a backup begins'));
subscribe('http.server.request.start', ({ response }) => {
  response.once('close', () => console.log(response.writableEnded ? 'answered' : 'a client has gone'));
});
