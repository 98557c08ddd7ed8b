import { withoutFolder } from '#dist/dashboard/redact.js';

test.each([
  ['/shop/instance/app.db: disk I/O error', '/shop/instance', 'app.db: disk I/O error'],
  ['cannot open "C:\\shop\\app.db"', 'C:\\shop', 'cannot open "app.db"'],
  ['the folder /shop is full, /shop/x too', '/shop', 'the folder  is full, x too'],
  ['row 5 is missing', '/shop', 'row 5 is missing'],
])('%s', (text, directory, expected) => {
  expect(withoutFolder(text, { directory })).toBe(expected);
});
