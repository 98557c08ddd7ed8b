import fc from 'fast-check';
import { forPage, forTerminal, oneLine } from '#dist/util/printable.js';
import { safeLogger } from '#dist/util/logger.js';
import { show, withoutSecrets } from '#dist/util/show.js';

const VISIBLE = /^[^\p{Cc}\p{Bidi_Control}\u2028\u2029]*$/u;
const LONE_SURROGATE = /\p{Surrogate}/u;
const odd = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\n', '\r', '\u001b', '\u202e', '\u2066', '\u2028', '\0', '\t', 'a'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

test('whatever somebody wrote is one line without anything invisible', () => {
  fc.assert(fc.property(odd, (text) => expect(oneLine(text)).toMatch(VISIBLE)));
  expect(oneLine('Till.sell\n2026 info forged')).toBe('Till.sell | 2026 info forged');
  expect(oneLine('\u001b[2Jgone \u202eevil')).toBe('\\u001b[2Jgone \\u202eevil');
  expect(oneLine('Café 日本 👍')).toBe('Café 日本 👍');
});

test('a line in the log is one line, whatever stands in it', () => {
  fc.assert(
    fc.property(odd, (text) => {
      const lines: string[] = [];
      const keep = (line: string) => void lines.push(line);
      safeLogger({ info: keep, warn: keep, error: keep }).error(text);
      expect(lines[0]).toMatch(VISIBLE);
    }),
  );
});

test('a text whose lines are our own keeps them, and nothing else that is not visible', () => {
  expect(forTerminal('a\n  b\u001b[2J\u202e\r')).toBe('a\n  b\\u001b[2J\\u202e\\u000d');
  // What JSON.stringify() leaves, as JSON may hold it.
  const odd = { text: '\u009b2J\u202e\u2028\ud800' };
  expect(JSON.parse(forTerminal(JSON.stringify(odd)))).toEqual(odd);
});

test('a page shows what is not visible between its tags, and keeps its attributes', () => {
  expect(forPage('<b title="a\u202e">x\u202ey\n \u009b\u2028</b>\n')).toBe(
    '<b title="a\u202e">x\\u202ey\n \\u009b\\u2028</b>\n',
  );
});

test('whatever stands on a page: all that is not visible is shown, and what is visible stays as it is', () => {
  fc.assert(
    fc.property(odd, (text) => {
      const shown = forPage(`<p>${text.replaceAll(/[<>]/g, '')}`);
      expect(shown.replaceAll(/[\t-\r]/g, '')).toMatch(VISIBLE);
      expect(shown).not.toMatch(LONE_SURROGATE);
      if (!LONE_SURROGATE.test(text) && VISIBLE.test(text)) expect(shown).toBe(`<p>${text.replaceAll(/[<>]/g, '')}`);
    }),
    { numRuns: 500 },
  );
  // Each of them alone: nothing else on the page takes the slow way for it.
  for (let code = 0; code < 0x1_0000; code++) {
    const char = String.fromCharCode(code);
    const hides = LONE_SURROGATE.test(char) || (!VISIBLE.test(char) && !/[\t-\r]/.test(char));
    if (hides !== (forPage(`<p>${char}`) !== `<p>${char}`)) throw new Error(`U+${code.toString(16)}`);
  }
});

test.each([
  ['AGE-SECRET-KEY-1QQQSECRETQQQ', 'QQQSECRET'],
  ['https://user:hunter2@example.com/x', 'hunter2'],
  ['https://s3.example.com/?X-Amz-Signature=abcdef', 'abcdef'],
  // A message that was cut.
  ['options: { password: "correct horse', 'horse'],
  ["{ identities: ['first', 'second", 'second'],
  ["credentials: { one: { id: 'a' }, key: 'second' }", 'second'],
  ["identities: ['a]b', 'second']", 'second'],
])('%s: the secret is not shown', (text, secret) => {
  expect(withoutSecrets(text)).not.toContain(secret);
  expect(show(text)).not.toContain(secret);
  expect(show([text])).not.toContain(secret);
});

test.each([
  { secretAccessKey: 'hunter2' },
  { credentials: { accessKeyId: 'hunter2', secretAccessKey: 'hunter2' } },
  { identities: ['hunter2'] },
  { password: "hun'ter2 hunter2" },
  { nested: { apiKey: 'hunter2' } },
])('%j: a value under a secret name is not shown', (value) => {
  expect(show(value)).not.toContain('hunter2');
});

test('what cleans a text takes a time that grows with its length only', () => {
  // With a pattern that begins anew at each character, each of these takes minutes.
  for (const unit of ['a', 'a.', 'x:', 'a-', ' ', 'secret', '"\'secret', '?token', 'AGE-SECRET-KEY-1']) {
    const long = unit.repeat(60_000);
    expect(oneLine(withoutSecrets(`${long} password: 'hush'`))).not.toContain('hush');
  }
  // What was never closed: hours, with a search for its end behind each name.
  for (const open of ['[', '{', '"', "'", '`', '{[', '"\\\\']) {
    expect(withoutSecrets(`hush password: ${open} `.repeat(300_000)).length).toBeLessThan(10_000_000);
  }
});

test('what stands behind a secret stays', () => {
  expect(withoutSecrets('{ password: "x", region: "eu" }')).toBe('{ password: …, region: "eu" }');
  // What SQLite says of a statement is none.
  expect(withoutSecrets('unrecognized token: "@"')).toBe('unrecognized token: "@"');
  expect(withoutSecrets('unknown tokenizer: german')).toBe('unknown tokenizer: german');
  expect(withoutSecrets('error in view access_tokens: no such table: x')).toBe(
    'error in view access_tokens: no such table: x',
  );
  expect(withoutSecrets('no such column: tokens.password')).toBe('no such column: tokens.password');
  expect(withoutSecrets("a token: abc, b: { c: 'd' }")).toBe("a token: …, b: { c: 'd' }");
  expect(withoutSecrets("{ tokens: [ 'a', [ 'b' ] ], name: 'shop' }")).toBe("{ tokens: …, name: 'shop' }");
  expect(withoutSecrets('the token: ')).toBe('the token: ');
  expect(withoutSecrets(String.raw`{"password":"a\"b","name":"x"}`)).toBe('{"password":…,"name":"x"}');
  expect(show(String.raw`{"password":"a\"hush","name":"x"}`)).not.toContain('hush');
});
