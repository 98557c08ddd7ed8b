// All code of the copies, behind the one door of index.ts.
export { directoryStore } from '../stores/directory-store.js';
export { keepUnshipped } from './keep-unshipped.js';
export { listCopies } from './list-copies.js';
export { pullBackup } from './pull.js';
export { listServiceCopies, pullIntoFolder, verifyServiceCopy } from './service-copies.js';
export { ServiceShippers } from './service-shippers.js';
export { verifyCopy } from './verify-copy.js';
