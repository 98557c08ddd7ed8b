// Prints what requiring the package has loaded.
const before = new Set(process.moduleLoadList);
require('sqlite-autobackup');
const builtins = process.moduleLoadList.filter((name) => !before.has(name));
console.log(JSON.stringify({ files: Object.keys(require.cache), builtins }));
