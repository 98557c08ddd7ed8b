import { isCrossSite, isKnownHost, NO_RIGHTS, readPerson, readRights } from '#dist/dashboard/guard.js';

describe('rights', () => {
  test.each([[{ view: 1 }], [{ view: 'true' }], [{ view: {} }], [{}], [true], [null], [undefined], [{ view: false }]])(
    '%j gives none',
    (answer) => {
      expect(readRights(answer)).toBeUndefined();
    },
  );

  test('are those that are true, and no others', () => {
    expect(readRights({ view: true, restore: 'yes', somethingElse: true })).toEqual({ ...NO_RIGHTS, view: true });
  });

  test('come with a name, if there is one', () => {
    expect([{ name: 'Anna' }, { name: '' }, { name: 5 }, {}].map(readPerson)).toEqual([
      'Anna',
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('the host that a request names', () => {
  const hosts = new Set(['shop.example.com']);

  test.each([
    null,
    'shop.example.com',
    'SHOP.example.com:8443',
    'localhost:3000',
    'a.localhost',
    '10.0.0.7',
    '[::1]:80',
  ])('%s is known', (header) => {
    expect(isKnownHost(header, hosts)).toBe(true);
  });

  test.each([
    'evil.com',
    'evillocalhost',
    'localhost.evil.com',
    'evil.com/@localhost',
    'shop.example.com.evil.com',
    '',
  ])('%j is not', (header) => {
    expect(isKnownHost(header, hosts)).toBe(false);
  });
});

describe('a request', () => {
  const hosts = new Set(['shop.example.com']);
  const isForeign = (headers: Record<string, string>): boolean =>
    isCrossSite({ headers: new Headers(headers), url: 'http://127.0.0.1:3000/backups' } as unknown as Request, hosts);
  const host = '127.0.0.1:3000';
  const origin = `http://${host}`;

  test.each<[string, Record<string, string>]>([
    ['of no browser', { host }],
    ['of a page of its own', { host, origin, 'sec-fetch-site': 'same-origin' }],
    ['of a page of its own, by Origin alone', { host, origin }],
    ['of an address that was typed in', { host, 'sec-fetch-site': 'none' }],
    ['behind a proxy that has changed the Host header', { host, origin: 'https://shop.example.com' }],
    [
      'behind such a proxy, by what the browser says',
      { host, origin: 'https://x.example', 'sec-fetch-site': 'same-origin' },
    ],
    ['with the default port in its Host header', { host: 'shop.example.com:443', origin: 'https://shop.example.com' }],
  ])('%s is its own', (_, headers) => {
    expect(isForeign(headers)).toBe(false);
  });

  test.each<[string, Record<string, string>]>([
    ['of another site', { host, origin: 'https://evil.example' }],
    ['of another site, by Sec-Fetch-Site alone', { host, 'sec-fetch-site': 'cross-site' }],
    ['of another host of the same site', { host, 'sec-fetch-site': 'same-site' }],
    ['of its own Origin that the browser calls foreign', { host, origin, 'sec-fetch-site': 'cross-site' }],
    ['of a sandboxed frame', { host, origin: 'null' }],
    ['of the same host on another port', { host, origin: 'http://127.0.0.1:4000' }],
    ['of a known name on another port', { host, origin: 'https://shop.example.com:8443' }],
    ['of the same name over plain http', { host: 'shop.example.com:443', origin: 'http://shop.example.com' }],
  ])('%s is foreign', (_, headers) => {
    expect(isForeign(headers)).toBe(true);
  });
});
