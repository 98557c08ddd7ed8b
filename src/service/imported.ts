// For the rooms that know the service only.
export { isImported, preferTaken, timeInName } from '../catalog/imported.js';
