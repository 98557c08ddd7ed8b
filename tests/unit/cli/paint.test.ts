import fc from 'fast-check';
import { asLine, colors } from '#dist/cli/paint.js';

const { red, dim } = colors(true);
const ESC = '\u001b';

test('a line has our own colours, and none of anybody else', () => {
  expect(asLine(`${red('error:')} a${ESC}[31mb${ESC}[2J\nc`)).toBe(
    `${ESC}[31merror:${ESC}[39m a\\u001b[31mb\\u001b[2J | c`,
  );
  expect(asLine(dim(`${ESC}[8m\u202e`))).toBe(`${ESC}[2m\\u001b[8m\\u202e${ESC}[22m`);
  expect(asLine(colors(false).red('plain'))).toBe('plain');
});

test('whatever others wrote, it is one line without an escape sequence', () => {
  const odd = fc.string({ unit: fc.oneof(fc.constantFrom('\n', ESC, '[31m', '\u202e', '\u2028', '\u009b', 'a'), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })) }); // prettier-ignore
  fc.assert(
    fc.property(odd, (text) => {
      expect(asLine(text)).not.toMatch(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u);
      const painted = asLine(red(text));
      expect(painted.replace(`${ESC}[31m`, '').replace(`${ESC}[39m`, '')).not.toMatch(
        /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u,
      );
    }),
  );
});
