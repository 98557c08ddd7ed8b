import { formatManifest, parseManifest } from '#dist/catalog/manifest.js';
import { aManifest } from '../../support/planted-backups';

test('a manifest reads as it was written, and people can read it too', () => {
  const manifest = aManifest({ label: 'InvoicesController.create' });
  const text = formatManifest(manifest);
  expect(parseManifest(text)).toEqual(manifest);
  expect(text).toContain('\n  "createdAt": "2026-11-24T09:30:00.500Z",\n');
  expect(text.endsWith('}\n')).toBe(true);
});

test('what a later version adds is kept', () => {
  const later = { ...aManifest(), formatVersion: 2, compressed: true };
  expect(parseManifest(JSON.stringify(later))).toEqual(later);
});

test.each(['formatVersion', 'name', 'createdAt', 'sizeBytes', 'sha256', 'protected'] as const)(
  'without %s it is no manifest, nor with another type in its place',
  (key) => {
    const { [key]: _left, ...rest } = aManifest();
    expect(parseManifest(JSON.stringify(rest))).toBeUndefined();
    expect(parseManifest(JSON.stringify({ ...rest, [key]: null }))).toBeUndefined();
    expect(parseManifest(JSON.stringify({ ...rest, [key]: { value: 1 } }))).toBeUndefined();
  },
);

test.each([
  ['the empty text', ''],
  ['half a manifest', formatManifest(aManifest()).slice(0, 100)],
  ['null', 'null'],
  ['a number', '5'],
  ['a list', '[]'],
  ['a time that is none', JSON.stringify(aManifest({ createdAt: 'yesterday' }))],
])('%s is no manifest', (_what, text) => {
  expect(parseManifest(text)).toBeUndefined();
});
