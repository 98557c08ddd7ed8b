// All code of the notifications, behind the one door of index.ts.
export { Notifier } from './notifier.js';
export { alarmRules, checkNotifyOptions } from './options.js';
