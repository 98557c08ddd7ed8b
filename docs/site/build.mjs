// npm run docs:build: the site of the documentation, in build/site/html. What it is given goes to VitePress: `-- --base /backup/`.
// Its packages are installed when their lock file has changed; from then on no network is needed.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { OUTPUT, PAGES, pagesOfRepository, ROOT, SITE, startPage } from './pages.mjs';

runNode(path.join(ROOT, 'tests/support/install.mjs'), SITE);
fs.rmSync(PAGES, { recursive: true, force: true });
for (const file of pagesOfRepository()) copy(file);
fs.writeFileSync(path.join(PAGES, 'index.md'), startPage());
runNode(path.join(ROOT, 'node_modules/typedoc/bin/typedoc'), '--options', path.join(SITE, 'typedoc.mjs'));
runNode(path.join(SITE, 'node_modules/vitepress/bin/vitepress.js'), 'build', SITE, ...process.argv.slice(2));
runNode(path.join(SITE, 'check-links.mjs'));
console.log(`The site is in ${path.relative(process.cwd(), OUTPUT)}; it needs a web server, such as npx vite preview.`);

function copy(file) {
  fs.mkdirSync(path.dirname(path.join(PAGES, file)), { recursive: true });
  fs.copyFileSync(path.join(ROOT, file), path.join(PAGES, file));
}

function runNode(...args) {
  execFileSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
}
