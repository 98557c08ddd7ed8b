import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { appFolders } from './prepare-apps';

const PAGES = path.join(__dirname, '..', '..', 'docs', 'frameworks');

const pages = fs.readdirSync(PAGES).filter((name) => name.endsWith('.md') && name !== 'README.md');

test.each(pages)('every TypeScript example in docs/frameworks/%s compiles within its app', (page) => {
  const app = appOf(path.basename(page, '.md'));
  const text = fs.readFileSync(path.join(PAGES, page), 'utf8');
  const examples = [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code!);
  expect(examples.length).toBeGreaterThan(0);

  // Inside the app, where the compiler finds the framework, the packed package, and the app's kind of modules.
  const folder = path.join(app, 'build', 'docs');
  fs.mkdirSync(folder, { recursive: true });
  const files = examples.map((code, i) => {
    const file = path.join(folder, `example-${i}.ts`);
    fs.writeFileSync(file, code);
    return file;
  });
  expect(complaintsAbout(files, path.join(app, 'tsconfig.json'))).toEqual([]);
});

/** `nestjs.md` belongs to the app `nestjs`, or else to the first whose name begins so. */
function appOf(page: string): string {
  const app = appFolders().find((name) => name === page) ?? appFolders().find((name) => name.startsWith(page));
  if (app === undefined) throw new Error(`docs/frameworks/${page}.md has no app in tests/frameworks`);
  return path.join(__dirname, app);
}

/** What the compiler says with the options of the app. */
function complaintsAbout(files: string[], tsconfig: string): string[] {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} };
  const { options } = ts.getParsedCommandLineOfConfigFile(tsconfig, {}, host)!;
  const program = ts.createProgram(files, {
    ...options,
    rootDir: path.dirname(tsconfig),
    noEmit: true,
    // An example may declare what it does not use.
    noUnusedLocals: false,
    noUnusedParameters: false,
  });
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, '\n');
    return file ? `${path.basename(file.fileName)}: ${message}` : message;
  });
}
