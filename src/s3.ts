export { s3Store } from './stores/s3-store.js';
export type { S3StoreOptions } from './stores/s3-options.js';
