import { formatManifest, parseManifest } from '#dist/catalog/manifest.js';
import { aManifest } from '../../support/planted-backups';

const NAME = aManifest().name;
const parsed = (manifest: object) => parseManifest(JSON.stringify(manifest), NAME);
const at = '2026-11-24T10:00:00.000Z';
const whole = {
  ...aManifest({ label: 'InvoicesController.create', verifiedAt: at, uncheckedTables: ['t'], mtimeMs: 1.5 }),
  lastVerification: {
    level: 'drill',
    ok: false,
    at,
    problems: ['no'],
    assertions: [{ sql: 'SELECT 0', ok: false, error: 'it returned 0' }],
  },
} as const;

test('a manifest reads as it was written, and people can read it too', () => {
  const text = formatManifest(whole);
  expect(parseManifest(text, NAME)).toEqual(whole);
  expect(text).toContain('\n  "createdAt": "2026-11-24T09:30:00.500Z",\n');
  expect(text.endsWith('}\n')).toBe(true);
});

test('what a later version adds is kept', () => {
  const later = { ...aManifest(), formatVersion: 2, compressed: true };
  expect(parsed(later)).toEqual(later);
});

test('a manifest of another file is not believed: a name comes from the folder', () => {
  const text = formatManifest(aManifest());
  for (const name of ['app_backup_20261124_093001.db', NAME.toUpperCase(), `./${NAME}`, '']) {
    expect(parseManifest(text, name)).toBeUndefined();
  }
  expect(parsed({ ...aManifest(), name: `x/../../../srv/app/${NAME}` })).toBeUndefined();
});

const required = Object.keys(aManifest()).filter((key) => key !== 'verified' && key !== 'verifiedAt');
test.each(required)('without %s it is not a manifest', (key) => {
  expect(parsed({ ...whole, [key]: undefined })).toBeUndefined();
});

const bad: Record<string, unknown[]> = {
  formatVersion: ['1', 0, 1.5],
  name: [5],
  createdAt: [
    'yesterday',
    '2026-11-24',
    '2026-13-24T09:30:00.500Z',
    '1968-11-24T09:30:00Z',
    '+102026-11-24T09:30:00Z',
    5,
  ],
  label: [5, ['x']],
  sizeBytes: ['4096', -1, 0.5, 1e300],
  pageCount: ['1', -1],
  pageSize: [null, '4096'],
  journalMode: ['', 'wal; rm', 5],
  sha256: ['', 'x', 'A'.repeat(64), 'a'.repeat(65)],
  mtimeMs: ['1', 1e300],
  verified: ['hash', true],
  verifiedAt: ['x', '', 7],
  uncheckedTables: ['t', [5], Array.from({ length: 10_001 }, () => 't')],
  durationMs: ['80', -1],
  protected: ['true', 1, 'no'],
  lastVerification: [
    'no',
    {},
    { level: 'drill', ok: 'no', at },
    { level: 'drill', ok: true, at: 'x' },
    { level: 'deep', ok: true, at },
    { level: 'drill', ok: false, at, problems: 'x' },
    { level: 'drill', ok: false, at, assertions: [{ sql: 5, ok: true }] },
    { level: 'drill', ok: false, at, assertions: {} },
  ],
};
test.each(Object.keys(whole))('with another kind of value in %s it is not a manifest', (key) => {
  expect(bad[key]).toBeDefined();
  for (const value of [null, { value: 1 }, ...bad[key]!]) expect(parsed({ ...whole, [key]: value })).toBeUndefined();
});

test('a label is one line of at most 200 characters, whoever wrote it', () => {
  expect(parsed({ ...whole, label: ' a\n\u0000b\u202Ec ' })!.label).toBe('a b c');
  const long = parsed({ ...whole, label: '\u{1f600}'.repeat(1_000_000) })!.label!;
  expect(Array.from(long)).toHaveLength(200);
  expect(long.endsWith('…')).toBe(true);
  expect(parsed({ ...whole, label: 'x'.repeat(200) })!.label).toBe('x'.repeat(200));
  expect(parsed({ ...whole, label: 'a\ud83d' })!.label).toBe('a\ufffd');
});

test.each([
  ['the empty text', ''],
  ['half a manifest', formatManifest(aManifest()).slice(0, 100)],
  ['null', 'null'],
  ['a number', '5'],
  ['a list', '[]'],
])('%s is not a manifest', (_what, text) => {
  expect(parseManifest(text, NAME)).toBeUndefined();
});
