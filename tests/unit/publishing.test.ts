import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { useTempFolder } from '../support/temp-folder';

const ROOT = path.join(__dirname, '..', '..');
const temp = useTempFolder();
const WORKFLOWS = fs.readdirSync(path.join(ROOT, '.github/workflows'));
const workflow = (name: string): string => fs.readFileSync(path.join(ROOT, '.github/workflows', name), 'utf8');

test.each(WORKFLOWS)('%s runs actions at a commit, not at a name that can be moved', (name) => {
  const used = [...workflow(name).matchAll(/uses:\s*(\S+)/g)].map(([, action]) => action!);
  expect(used.length).toBeGreaterThan(0);
  for (const action of used) expect(action).toMatch(/@[0-9a-f]{40}$/);
});

test('a version is published with its provenance, after the check of what it needs', () => {
  const text = workflow('publish.yml');
  expect(text).toMatch(/id-token: write/);
  expect(text).toMatch(/npm publish --provenance/);
  const { scripts } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    scripts: { prepublishOnly: string };
  };
  expect(scripts.prepublishOnly).toContain('check-publishable.mjs');
});

test.each([
  [{ version: '1.2.3' }, 'v1.2.3', /no "repository"/],
  [{ version: '1.2.3', repository: 'git+https://git.example/it' }, 'v1.2.4', /The tag is v1\.2\.4/],
  [{ version: '1.2.3', repository: 'git+https://git.example/it' }, 'v1.2.3', /^$/],
])('what may be published: %j with the tag %s', (manifest, tag, says) => {
  fs.writeFileSync(temp.file('package.json'), JSON.stringify(manifest));
  const { status, stderr } = spawnSync(process.execPath, [path.join(ROOT, '.ci/check-publishable.mjs')], {
    cwd: temp.path,
    encoding: 'utf8',
    env: { ...process.env, GITHUB_REF_NAME: tag },
  });
  expect(stderr).toMatch(says);
  expect(status).toBe(stderr === '' ? 0 : 1);
});
