// Jest's globalSetup for jest.unit.config.js. esbuild, since a full tsc build is what this is to spare; tests that start a Node
// of their own find the result by the environment variable.
const fs = require('node:fs');
const path = require('node:path');
const { buildSync } = require('esbuild');

const ROOT = path.join(__dirname, '..', '..');
// Two folders down: the code looks for package.json above the folder of its own.
const OUT = path.join(ROOT, 'build', 'unit', 'dist');

module.exports = function transpileSrc() {
  fs.rmSync(OUT, { recursive: true, force: true });
  const entryPoints = fs
    .readdirSync(path.join(ROOT, 'src'), { recursive: true })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .map((file) => path.join(ROOT, 'src', file));
  buildSync({
    entryPoints,
    outbase: path.join(ROOT, 'src'),
    outdir: OUT,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    logLevel: 'warning',
  });
  // Where the code looks for its own package.json; without the name, of which jest allows one only.
  const { version, engines } = require('../../package.json');
  fs.writeFileSync(path.join(OUT, '..', 'package.json'), JSON.stringify({ version, engines }));
  process.env.AUTOBACKUP_DIST = OUT;
};
