import fc from 'fast-check';
import { aManifest } from './planted-backups';

export const SPOILT_AT = '2026-11-24T10:00:00.000Z';
/** A manifest with everything in it, before it is spoilt. */
export const WHOLE = {
  ...aManifest({ label: 'Shop.sell', uncheckedTables: ['t'], mtimeMs: 1 }),
  lastVerification: {
    level: 'drill',
    ok: true,
    at: SPOILT_AT,
    problems: ['x'],
    assertions: [{ sql: 'SELECT 1', ok: true }],
  },
  copy: { object: 'o', sizeBytes: 1, sha256: 'a'.repeat(64), shippedAt: SPOILT_AT },
};
const odd = fc.oneof(
  fc.anything({ withBigInt: false }),
  fc.constantFrom('x', '', '1', -1, 1e300, 0.5, null, [], {}, 'x/../../../srv/app/package.db', '9999-99-99T99:99:99Z'),
  fc.constantFrom(
    SPOILT_AT,
    '+275760-09-13T00:00:00Z',
    '0000-01-01T00:00:00.000Z',
    Array.from({ length: 20_000 }, () => 'x'),
  ),
);
/** A manifest with one or two of its fields, or of its parts' fields, replaced by anything. */
export const spoilt = fc
  .array(fc.tuple(fc.constantFrom('', 'lastVerification', 'copy'), fc.nat(40), odd), { minLength: 1, maxLength: 2 })
  .map((changes) => {
    const manifest = structuredClone(WHOLE) as Record<string, unknown>;
    for (const [part, index, value] of changes) {
      const target = part === '' ? manifest : (manifest[part] as Record<string, unknown> | null | undefined);
      if (typeof target !== 'object' || target === null) continue;
      const keys = [...Object.keys(target), 'unknown', '__proto__'];
      // A copy: two changes may have drawn the same object, and the second be made inside the first.
      target[keys[index % keys.length]!] = structuredClone(value);
    }
    return JSON.stringify(manifest);
  });
