import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { packInto, unpackInto } from '../support/packed-package';

export const ROOT = path.join(__dirname, '..', '..');
const BUILD = path.join(ROOT, 'build');

/** What was packed, as far as the tests read it. */
export interface PackageJson {
  version: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export interface Consumer {
  readonly folder: string;
  /** The folder of the installed package. */
  readonly installed: string;
  readonly tarball: string;
  readonly packageJson: PackageJson;
  file(...names: string[]): string;
  write(name: string, contents: string | object): void;
  /** Runs a script of the consumer with Node. */
  node(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Run>;
}

export interface Run {
  /** `null` if it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  /** Both, for a message about what went wrong. */
  readonly output: string;
}

/**
 * A project with the packed package in its node_modules, and the sources of `tests/package/consumers` beside it. It lies
 * inside this repository, where the package finds its dependencies in the upper node_modules; nothing is compiled anew.
 * The project's own package.json keeps `import 'sqlite-autobackup'` from meaning this repository.
 */
export function useConsumer(): Consumer {
  let folder = '';
  const file = (...names: string[]) => path.join(folder, ...names);
  const consumer: Consumer = {
    get folder() {
      return folder;
    },
    get installed() {
      return file('node_modules', 'sqlite-autobackup');
    },
    get tarball() {
      return file(fs.readdirSync(folder).find((name) => name.endsWith('.tgz'))!);
    },
    get packageJson() {
      return JSON.parse(fs.readFileSync(path.join(consumer.installed, 'package.json'), 'utf8')) as PackageJson;
    },
    file,
    write(name, contents) {
      fs.mkdirSync(path.dirname(file(name)), { recursive: true });
      fs.writeFileSync(file(name), typeof contents === 'string' ? contents : JSON.stringify(contents, null, 2));
    },
    node: (args, env = {}) => run(args, folder, env),
  };

  beforeAll(() => {
    fs.mkdirSync(BUILD, { recursive: true });
    folder = fs.mkdtempSync(path.join(BUILD, 'consumer-'));
    unpackInto(folder, packInto(folder));
    fs.cpSync(path.join(__dirname, 'consumers'), folder, { recursive: true });
    consumer.write('package.json', { name: 'consumer', private: true });
  });
  afterAll(() => {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 });
  });
  return consumer;
}

/** A command line tool among this repository's development dependencies. */
export function tool(name: string, bin = name): string {
  const folder = path.join(ROOT, 'node_modules', name);
  const { bin: bins } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    bin: string | Record<string, string>;
  };
  return path.join(folder, typeof bins === 'string' ? bins : bins[bin]!);
}

export function run(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}, input = ''): Promise<Run> {
  return new Promise((resolve) => {
    // What jest and npm have set for themselves is not what an app runs with.
    const inherited = { ...process.env, NODE_OPTIONS: undefined, JEST_WORKER_ID: undefined, FORCE_COLOR: undefined };
    const options = { cwd, env: { ...inherited, ...env }, maxBuffer: 2 ** 26 };
    const child = execFile(process.execPath, args, options, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, output: stdout + stderr });
    });
    child.stdin!.on('error', () => {}).end(input);
  });
}

/** Its last line of output, as JSON, once it has ended well. */
export async function resultOf<T>(running: Promise<Run>): Promise<T> {
  const { code, stdout, output } = await running;
  if (code !== 0) throw new Error(`ended with code ${code}: ${output}`);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as T;
}

/** Every file under a folder, as relative paths with slashes. */
export function filesIn(folder: string): string[] {
  return fs
    .readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .sort();
}
