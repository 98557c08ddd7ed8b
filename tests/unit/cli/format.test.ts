import fc from 'fast-check';
import { table } from '#dist/cli/format.js';

test('whatever others have written into a cell, a row is one line, and a terminal obeys nothing in it', () => {
  const nasty = fc.constantFrom('\n', '\r\n', '\u001b[2J', '\u202e', '\u2028', '\u0007', '\u0085', 'x', ' ', 'é');
  const cell = fc.oneof(
    fc.array(nasty).map((parts) => parts.join('')),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 5 }), (rows) => {
      const lines = table([['NAME', 'NOTE'], ...rows]);
      expect(lines).toHaveLength(rows.length + 1);
      for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
    }),
  );
});
