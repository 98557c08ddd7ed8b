import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const PAGES = path.join(__dirname, '..', '..', 'docs', 'frameworks');
const DATABASE = "database: 'instance/app.db'";

interface Example {
  /** The app within which it is compiled. */
  readonly cwd: string;
  /** In docs/frameworks. */
  readonly page: string;
  /** A text that only this one of the page's examples has. Default: the first example. */
  readonly having?: string;
  /** Further options of the service. */
  readonly options?: string;
}

/** Compiles an example of a page with the options of the app, and returns what Node is to run. Only its database is another. */
export function buildExample({ cwd, page, having = '', options = '' }: Example): string {
  const examples = [...fs.readFileSync(path.join(PAGES, page), 'utf8').matchAll(/^```ts\n([^]*?)^```$/gm)];
  const code = examples.map(([, example]) => example!).find((example) => example.includes(having));
  expect(code).toContain(DATABASE);
  const source = path.join(
    cwd,
    'build',
    `docs-run${options && '-with-options'}`,
    `example${having && `-${having}`}.ts`,
  );
  const folder = path.dirname(source);
  fs.mkdirSync(folder, { recursive: true });
  const database = `database: process.env.DATABASE!, directory: process.env.BACKUPS!${options && `, ${options}`}`;
  fs.writeFileSync(source, code!.replace(DATABASE, database));
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} };
  const { options: compiler } = ts.getParsedCommandLineOfConfigFile(path.join(cwd, 'tsconfig.json'), {}, host)!;
  const { type } = JSON.parse(fs.readFileSync(path.join(cwd, 'package.json'), 'utf8')) as { type?: string };
  // Its types are checked by docs.test.ts.
  const { outputText } = ts.transpileModule(fs.readFileSync(source, 'utf8'), {
    fileName: source,
    compilerOptions: { ...compiler, module: type === 'module' ? ts.ModuleKind.ESNext : ts.ModuleKind.CommonJS },
  });
  fs.writeFileSync(source.replace(/ts$/, 'js'), outputText);
  return source.replace(/ts$/, 'js');
}
