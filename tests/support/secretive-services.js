// Two services with a secret in each field that takes one, and stores, receivers and nodes that repeat what they were sent. It is a
// configuration of the command line too: SECRETIVE_PORT is the port of `repeats-all`, SECRETIVE_FOLDER has app.db.
const path = require('node:path');
const { rqlite } = require('sqlite-autobackup/rqlite');
const { s3Store } = require('sqlite-autobackup/s3');

/** In every secret. */
const MARK = 'hunter2Xq9';
const IDENTITY = `AGE-SECRET-KEY-1${MARK.toUpperCase()}QQPQQPQ`;
const nothing = async () => {};
/** A store of the app's own, whose driver says more than it should. */
const saying = (text, name) => {
  const fail = async () => {
    throw new Error(text);
  };
  return { name, list: fail, put: fail, open: fail, remove: fail };
};

/** The options of both by name. */
function secretiveOptions(folder, port) {
  const server = `http://127.0.0.1:${port}`;
  const credentials = {
    ...{ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: `${MARK}/secret`, sessionToken: `${MARK}-token` },
  };
  const s3 = { bucket: 'backups', endpoint: `http://key:${MARK}@127.0.0.1:${port}`, credentials, host: 'till' };
  const notify = {
    heartbeat: `${server}/ping/${MARK}`,
    webhook: [
      { url: `${server}/services/T0/B0/${MARK}`, format: 'slack' },
      { url: `${server}/hook?token=${MARK}`, secret: `whsec_${MARK}`, headers: { authorization: `Bearer ${MARK}` } },
    ],
    mail: { transport: `smtp://mailer:${MARK}@127.0.0.1:1`, from: 'till@example.com', to: 'owner@example.com' },
  };
  const copies = [
    s3Store({ ...s3, clientOptions: { maxAttempts: 1 } }),
    s3Store({
      ...s3,
      prefix: 'other',
      client: { send: () => Promise.reject(new Error(`POST https://key:${MARK}@s3.example.com/`)), destroy: nothing },
    }),
    saying(`cannot log in at sftp://till:${MARK}@nas.example.com/backups`, 'nas'),
    saying(`{ user: "till", password: "${MARK}" } was refused`, 'cloud'),
    saying(`GET https://files.example.com/till?X-Amz-Signature=${MARK}&X-Amz-Security-Token=${MARK}`, 'files'),
    saying(`no such recipient: ${IDENTITY}`, 'vault'),
  ];
  const cluster = rqlite({
    ...{ nodes: [server], name: 'cluster.db', auth: { username: 'till', password: MARK } },
    ...{ tls: { servername: 'cluster' }, timeout: '2s', leaderTimeout: '1s' },
  });
  return {
    shop: { database: path.join(folder, 'app.db'), copies, notify },
    cluster: { database: cluster, directory: folder, notify },
  };
}

const { SECRETIVE_FOLDER: folder, SECRETIVE_PORT: port } = process.env;
module.exports = folder === undefined ? { MARK, secretiveOptions } : secretiveOptions(folder, port);
