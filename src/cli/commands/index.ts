// Every command's own function.
export { check } from './check.js';
export { create } from './create.js';
export { deleteBackups } from './delete.js';
export { doctor } from './doctor.js';
export { list } from './list.js';
export { notify } from './notify.js';
export { protect } from './protect.js';
export { prune } from './prune.js';
export { pull } from './pull.js';
export { listRemote, verifyRemote } from './remote.js';
export { restore } from './restore.js';
export { ship } from './ship.js';
export { status } from './status.js';
export { verify } from './verify.js';
export { diff } from './diff.js';
export { query } from './query.js';
export { recover } from './recover.js';
export { run } from './run.js';
