// Writes man/sqlite-autobackup.1 from the program itself: the last step of the build.
import fs from 'node:fs';
import { createRequire } from 'node:module';

const { programManPage } = createRequire(import.meta.url)('../dist/cli/man-page.js');
fs.mkdirSync('man', { recursive: true });
fs.writeFileSync('man/sqlite-autobackup.1', programManPage());
