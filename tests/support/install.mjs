// node tests/support/install.mjs tests/drivers tests/runtimes …: `npm ci` in each of these folders, two at a time, where what its
// lockfile says is not installed yet.
import { exec } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const COMMAND = 'npm ci --strict-allow-scripts --no-audit --no-fund --prefer-offline';

// The driver sqlite3 is compiled here, SQLite with it: minutes, of which a compiler that does not optimise takes a fraction. The
// tests are about what drivers do, not how fast. node-gyp's makefile puts these behind its own flags; Visual Studio does not know
// them.
const env = { ...process.env, CFLAGS: '-O0', CXXFLAGS: '-O0' };

const waiting = process.argv.slice(2);
await Promise.all([worker(), worker()]);

async function worker() {
  for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) await install(folder);
}

async function install(folder) {
  const read = (name) => fs.readFileSync(path.join(folder, name), 'utf8');
  const wanted = read('package.json') + read('package-lock.json');
  const stamp = path.join(folder, 'node_modules', '.installed-from');
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === wanted) return;
  const startedAt = Date.now();
  try {
    // One string and a shell: on Windows npm is a script.
    await promisify(exec)(COMMAND, { cwd: folder, env, maxBuffer: 2 ** 26 });
    // Without dependencies there is none yet.
    fs.mkdirSync(path.dirname(stamp), { recursive: true });
    fs.writeFileSync(stamp, wanted);
    console.log(`${folder}: installed, ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  } catch (error) {
    console.error(`${folder}: ${error.message}\n${error.stdout ?? ''}`);
    process.exitCode = 1;
  }
}
