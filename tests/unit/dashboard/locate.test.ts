import { locateUrl, rootOf } from '#dist/dashboard/locate.js';

test.each([
  ['/backups', '/backups', ''],
  ['/backups/', '/backups', '/'],
  ['/backups/api/status', '/backups', '/api/status'],
  ['/backups-of-others', '/backups', undefined],
  ['/back', '/backups', undefined],
  ['/', '/backups', undefined],
  ['/api/status', '', '/api/status'],
])('%s below "%s" is %s', (pathname, base, path) => {
  expect(locateUrl(pathname, base)).toBe(path);
});

// Whatever stands before the base: a link of root + x leads to base/x.
test.each([
  ['', '/backups'],
  ['/', '/backups/'],
  ['/till', '/backups/till'],
  ['/till/', '/backups/till/'],
  ['/backups/NAME', '/backups/backups/NAME'],
  ['/till/backups/NAME/delete', '/backups/till/backups/NAME/delete'],
])('from "%s" (%s) the base is found', (path, fullPath) => {
  const target = new URL(`${rootOf(path, fullPath)}assets/style.css`, `http://host${fullPath}`);
  expect(target.pathname).toBe('/backups/assets/style.css');
});
