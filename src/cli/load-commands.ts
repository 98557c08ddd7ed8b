import { lazy } from '../util/lazy.js';

/** Every command's own function. --help and --version load none of them. */
export const commands = lazy(
  'service core',
  () => require('./commands/index.js') as typeof import('./commands/index.js'),
);
