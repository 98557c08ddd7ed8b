// Prints the names that require() finds in each entry point given.
const names = process.argv.slice(2).map((entry) => [entry, Object.keys(require(entry)).sort()]);
console.log(JSON.stringify(Object.fromEntries(names)));
