// Prints the names that import() finds in each entry point given.
const names = process.argv.slice(2).map(async (entry) => [entry, Object.keys(await import(entry)).sort()]);
console.log(JSON.stringify(Object.fromEntries(await Promise.all(names))));
