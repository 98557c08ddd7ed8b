// Prints what createDashboard() throws.
const { BackupService } = require('sqlite-autobackup');
const { createDashboard } = require('sqlite-autobackup/dashboard');
try {
  createDashboard(new BackupService({ database: 'app.db' }), { authorize: () => false });
  console.log(JSON.stringify({ code: 'none' }));
} catch ({ code, message }) {
  console.log(JSON.stringify({ code, message }));
}
