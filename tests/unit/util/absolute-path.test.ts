import fs from 'node:fs';
import { absolutePath } from '#dist/util/absolute-path.js';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();

(process.platform === 'win32' ? test.skip : test)('".." after a link leads to where the system goes', () => {
  fs.mkdirSync(folder.file('x', 'y'), { recursive: true });
  fs.symlinkSync('x/y', folder.file('link'));
  fs.writeFileSync(folder.file('x', 'app.db'), 'the one that is opened');
  fs.writeFileSync(folder.file('app.db'), 'another one');
  const given = `${folder.path}/link/../app.db`;
  expect(absolutePath(given)).toBe(folder.file('x', 'app.db'));
  expect(absolutePath('link/../app.db', folder.path)).toBe(folder.file('x', 'app.db'));
  expect(fs.readFileSync(given, 'utf8')).toBe(fs.readFileSync(absolutePath(given), 'utf8'));
});

test('without "..", and where a folder is missing, it is path.resolve()', () => {
  expect(absolutePath('app.db', folder.path)).toBe(folder.file('app.db'));
  expect(absolutePath('not/there/../app.db', folder.path)).toBe(folder.file('not', 'app.db'));
});
