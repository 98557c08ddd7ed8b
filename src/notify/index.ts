import { lazy } from '../util/lazy.js';

/** The code of the notifications. The only way in from the rooms above, so that apps that use none do not load it. */
export const notifications = lazy('notifications', () => require('./door.js') as typeof import('./door.js'));
