// Prints what the dashboard's entry point loads, and what the first dashboard does.
const loaded = () => Object.keys(require.cache);
const { createDashboard } = require('sqlite-autobackup/dashboard');
const imported = loaded();
const { BackupService } = require('sqlite-autobackup');
createDashboard(new BackupService({ database: 'app.db' }), { authorize: () => false });
console.log(JSON.stringify({ imported, created: loaded() }));
