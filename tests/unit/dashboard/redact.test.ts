import { sayAssertions, sayProblems, withoutFolder } from '#dist/dashboard/redact.js';

test.each([
  ['/shop/instance/app.db: disk I/O error', '/shop/instance', 'app.db: disk I/O error'],
  ['cannot open "C:\\shop\\app.db"', 'C:\\shop', 'cannot open "app.db"'],
  ['the folder /shop is full, /shop/x too', '/shop', 'the folder  is full, x too'],
  ['row 5 is missing', '/shop', 'row 5 is missing'],
])('%s', (text, directory, expected) => {
  expect(withoutFolder(text, { directory })).toBe(expected);
});

test.each([false, true])('the text of an assertion, and what it returned, go to who may download: %s', (download) => {
  const rights = { download } as Parameters<typeof sayProblems>[2];
  const sql = "SELECT count(*) = 0 FROM patients WHERE name = 'Anna'";
  const problems = [`assertion failed: ${sql} (it returned 0)`, 'page 3 is damaged'];
  const said = JSON.stringify([
    sayProblems(problems, { directory: '/shop' }, rights),
    sayAssertions([{ sql, ok: false, error: 'it returned 0' }], rights),
  ]);
  expect([said.includes('Anna'), said.includes('it returned')]).toEqual([download, download]);
  expect(said).toContain('page 3 is damaged');
});
