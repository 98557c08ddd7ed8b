// Tells Node that what lies in dist/nestjs-esm is ESM: the package itself is CommonJS.
import fs from 'node:fs';

fs.writeFileSync('dist/nestjs-esm/package.json', `${JSON.stringify({ type: 'module' })}\n`);
