// node --require: for an example that listens on a port of its own. Every server listens on a free one of this machine only;
// the test is told which, and ends the app.
'use strict';
const { Server } = require('node:http');
const { announce } = require('./app.js');

const { listen } = Server.prototype;
Server.prototype.listen = function (...args) {
  this.once('listening', () => announce(this.address().port));
  return listen.call(this, 0, '127.0.0.1', ...args.filter((arg) => typeof arg === 'function'));
};
