import { DIST, runNode } from '../../support/run-node';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();

// Its work is tested in tests/offsite.
(process.platform === 'win32' ? test.skip : test)(
  'an app that has no file descriptors left is told that the child cannot be started, and lives on',
  () => {
    const found = runNode(
      `
        const fs = require('node:fs');
        const { startShipChild } = require(process.argv[1] + '/offsite/ship-child.js');
        const uncaught = [], taken = [];
        process.on('uncaughtException', (error) => uncaught.push(error.message));
        require('node:child_process').spawnSync(process.execPath, ['-e', '0']);
        try { for (;;) taken.push(fs.openSync('/dev/null')); } catch {}
        (async () => {
          const request = { path: process.argv[2], lockFile: process.argv[2] + '.lock', waitMs: 1 };
          const said = await startShipChild(request).catch(({ code, cause }) => [code, cause?.code]);
          taken.forEach((descriptor) => fs.closeSync(descriptor));
          await new Promise((resolve) => setImmediate(resolve));
          console.log(JSON.stringify({ said, uncaught }));
        })();
      `,
      { args: [DIST, folder.file('app.db')], limitFiles: 128 },
    );
    expect(found).toEqual({ said: ['ERR_BACKUP_CHILD_FAILED', 'EMFILE'], uncaught: [] });
  },
);
