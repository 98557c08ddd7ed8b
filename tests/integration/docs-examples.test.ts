import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const ROOT = path.join(__dirname, '..', '..');
const read = (file: string) => fs.readFileSync(path.join(ROOT, file), 'utf8');

/** Those under docs/frameworks are compiled by tests/frameworks, which has the frameworks. */
const pages = ['README.md', ...fs.readdirSync(path.join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter((file) =>
  file.endsWith('.md'),
);

test('every TypeScript example in README and docs compiles', () => {
  const examples = pages.flatMap((page) =>
    [...read(page).matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code], i) => ({ name: `${page}-${i}`, code: code! })),
  );
  expect(examples.length).toBeGreaterThanOrEqual(5);

  // Inside the repository, where the package finds itself and its dependencies.
  const folder = path.join(ROOT, 'build', 'docs-examples');
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 });
  fs.mkdirSync(folder, { recursive: true });
  const files = examples.map(({ name, code }) => {
    const file = path.join(folder, `${name.replace(/[^\w]+/g, '-')}.mts`);
    fs.writeFileSync(file, code);
    return file;
  });
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file));
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  const program = ts.createProgram(files, {
    ...options,
    experimentalDecorators: true,
    // An example may declare what it does not use.
    noUnusedLocals: false,
    noUnusedParameters: false,
  });
  const complaints = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => ({
    file: file && path.basename(file.fileName),
    message: ts.flattenDiagnosticMessageText(messageText, '\n'),
  }));
  expect(complaints).toEqual([]);
});
