import { exec } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { packInto, unpackInto } from '../support/packed-package';

const ROOT = path.join(__dirname, '..', '..');
const INSTALL = path.join(ROOT, 'tests', 'support', 'install.mjs');
const TSC = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

/** The apps: the folders here that have a package.json. */
export function appFolders(): string[] {
  return fs.readdirSync(__dirname).filter((name) => fs.existsSync(path.join(__dirname, name, 'package.json')));
}

export function testFiles(): string[] {
  return fs.readdirSync(__dirname).filter((name) => name.endsWith('.test.ts'));
}

/** Installs, gives the package to, and builds each app; two at a time. One that can't be built fails in its tests. */
export async function prepareApps(apps: readonly string[]): Promise<void> {
  const packed = path.join(ROOT, 'build', 'frameworks', 'packed');
  fs.rmSync(packed, { recursive: true, force: true });
  const tarball = packInto(packed);
  const waiting = [...apps];
  const worker = async () => {
    for (let app = waiting.shift(); app !== undefined; app = waiting.shift()) {
      await prepare(app, tarball).catch((error: unknown) => {
        console.error(`${app}: ${messageOf(error)}`);
        // Also what the compiler has written in spite of errors.
        fs.rmSync(path.join(__dirname, app, 'build'), { recursive: true, force: true });
      });
    }
  };
  await Promise.all([worker(), worker()]);
}

async function prepare(app: string, tarball: string): Promise<void> {
  const folder = path.join(__dirname, app);
  const startedAt = Date.now();
  await run(`"${process.execPath}" "${INSTALL}" .`, folder);
  unpackInto(folder, tarball);
  fs.rmSync(path.join(folder, 'build'), { recursive: true, force: true });
  await run('npm run prepare-app --if-present', folder);
  await run(`"${process.execPath}" "${TSC}" -p .`, folder);
  console.log(`${app}: installed, built, ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

async function run(command: string, cwd: string): Promise<void> {
  try {
    // One string and a shell: on Windows npm is a script.
    await promisify(exec)(command, { cwd, maxBuffer: 2 ** 26 });
  } catch (error) {
    const { message, stdout } = error as Error & { stdout: string };
    throw new Error(`${message} (in ${cwd})\n${stdout}`, { cause: error });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
