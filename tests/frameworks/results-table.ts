import fs from 'node:fs';
import path from 'node:path';

/** What jest writes with `--json`, as far as it is read here. */
export interface JestResults {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: 'passed' | 'failed';
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** App, framework, version, and how many of the contract's assertions passed and failed. */
export function printTable(apps: readonly string[], { testResults }: JestResults): void {
  const rows = apps.map((app) => {
    // `tsoa.test.ts`, and for an app with several files `pitfalls.private-methods.test.ts`.
    const files = testResults.filter(({ name }) => path.basename(name).startsWith(`${app}.`));
    const tests = files.flatMap(({ assertionResults }) => assertionResults);
    const count = (status: string) => tests.filter((test) => test.status === status).length;
    // A test file that could not run has no assertions and is a failure, and so is a missing one.
    const ran = files.length > 0 && files.every(({ status }) => status === 'passed');
    const failed = Math.max(count('failed'), ran ? 0 : 1);
    return [app, frameworkOf(app), String(count('passed')), String(failed)];
  });
  const table = [['app', 'framework', 'passed', 'failed'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  console.log(`\n${table.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')).join('\n')}`);
}

/** `"framework"` in the app's package.json names the package; without one, it is Node itself. */
function frameworkOf(app: string): string {
  const read = (file: string) => JSON.parse(fs.readFileSync(file, 'utf8')) as { framework?: string; version: string };
  const { framework } = read(path.join(__dirname, app, 'package.json'));
  if (framework === undefined) return `Node ${process.versions.node}`;
  const installed = path.join(__dirname, app, 'node_modules', framework, 'package.json');
  return `${framework} ${fs.existsSync(installed) ? read(installed).version : '(not installed)'}`;
}
