import { assertionsFor, problemsFor, withoutFolder } from '#dist/service/redact.js';

test.each([
  ['/shop/instance/app.db: disk I/O error', '/shop/instance', 'app.db: disk I/O error'],
  ['cannot open "C:\\shop\\app.db"', 'C:\\shop', 'cannot open "app.db"'],
  ['the folder /shop is full, /shop/x too', '/shop', 'the folder  is full, x too'],
  ['row 5 is missing', '/shop', 'row 5 is missing'],
])('%s', (text, directory, expected) => {
  expect(withoutFolder(text, { directory })).toBe(expected);
});

test.each([false, true])('the text of an assertion, and what it returned, go to who may download: %s', (download) => {
  const reader = { at: 'web', directory: '/shop', maySeeRows: download } as const;
  const sql = "SELECT count(*) = 0 FROM patients WHERE name = 'Anna'";
  const problems = [`assertion failed: ${sql} (it returned 0)`, 'page 3 is damaged'];
  const said = JSON.stringify([
    problemsFor(problems, reader),
    assertionsFor([{ sql, ok: false, error: 'it returned 0' }], reader),
  ]);
  expect([said.includes('Anna'), said.includes('it returned')]).toEqual([download, download]);
  expect(said).toContain('page 3 is damaged');
});
