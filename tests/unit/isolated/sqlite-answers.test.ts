import { meaningOfCode, meaningOfError, meaningOfPageLine, sortLines } from '#dist/isolated/verify/sqlite-answers.js';

const coded = (code: string) => Object.assign(new Error('x'), { code });

test.each([
  ['SQLITE_CORRUPT', 'damage'],
  ['SQLITE_CORRUPT_VTAB', 'finding'],
  ['SQLITE_CORRUPT_INDEX', 'finding'],
  ['SQLITE_NOTADB', 'damage'],
  ['SQLITE_IOERR_SHORT_READ', 'damage'],
  ['SQLITE_ERROR', 'finding'],
  ['SQLITE_ERROR_MISSING_COLLSEQ', 'finding'],
  ['SQLITE_CONSTRAINT_CHECK', 'finding'],
  ['SQLITE_IOERR', 'unread'],
  ['SQLITE_IOERR_READ', 'unread'],
  ['SQLITE_IOERR_CORRUPTFS', 'unread'],
  ['SQLITE_IOERR_NOMEM', 'unread'],
  ['SQLITE_NOMEM', 'unread'],
  ['SQLITE_BUSY', 'unread'],
  ['SQLITE_BUSY_SNAPSHOT', 'unread'],
  ['SQLITE_LOCKED', 'unread'],
  ['SQLITE_CANTOPEN', 'unread'],
  ['SQLITE_FULL', 'unread'],
  ['SQLITE_READONLY', 'unread'],
  ['SQLITE_PERM', 'unread'],
  ['EIO', 'unread'],
  ['ENOMEM', 'unread'],
  ['EACCES', 'unread'],
  ['', 'unread'],
])('an error with the code "%s" means %s', (code, meaning) => {
  expect(meaningOfError(coded(code))).toBe(meaning);
});

test('every extended code of SQLite has the meaning of its primary code: only CORRUPT and NOTADB are damage', () => {
  for (let code = 1; code < 64 * 256; code++) {
    expect(meaningOfCode(code)).toBe([11, 26].includes(code & 255) ? 'damage' : 'unread');
  }
});

test.each([
  ['Tree 2 page 5: unable to get the page. error code=8458', 'unread'],
  ['Tree 2 page 5: unable to get the page. error code=266', 'unread'],
  ['Tree 2 page 5: unable to get the page. error code=3082', 'unread'],
  ['Tree 2 page 5: unable to get the page. error code=7', 'unread'],
  ['Tree 2 page 5: unable to get the page. error code=11', 'damage'],
  ['Tree 2 page 5: unable to get the page. error code=523', 'damage'],
  ['Tree 2 page 5: btreeInitPage() returns error code 11', 'damage'],
  ['Tree 2 page 5: btreeInitPage() returns error code 7', 'unread'],
  ['Freelist: failed to get page 9', 'unread'],
  ['Tree 2 page 5 cell 1: failed to get page 77', 'unread'],
  ['Tree 2 page 5: invalid page number 77', 'damage'],
  ['2nd reference to page 7', 'damage'],
  ['Page 7: never used', 'damage'],
  ['Freelist: size is 5 but should be 6', 'damage'],
])('"%s" means %s', (line, meaning) => {
  expect(meaningOfPageLine(line)).toBe(meaning);
});

test('lines of the page check are damage, all others are findings, and a page that was not read ends it', () => {
  const page = '*** in database main ***\nTree 2 page 5: invalid page number 77\n2nd reference to page 7';
  expect(sortLines([page, 'NULL value in t.b', 'wrong # of entries in index i'])).toEqual({
    damage: ['Tree 2 page 5: invalid page number 77', '2nd reference to page 7'],
    findings: ['NULL value in t.b', 'wrong # of entries in index i'],
  });
  const corrupt = 'database disk image is malformed';
  expect(sortLines([corrupt])).toEqual({ damage: [corrupt], findings: [] });
  expect(sortLines(['ok'])).toEqual({ damage: [], findings: [] });
  expect(() => sortLines([`${page}\nTree 3 page 9: unable to get the page. error code=8458`])).toThrow(
    expect.objectContaining({ code: 'SQLITE_IOERR' }),
  );
});
