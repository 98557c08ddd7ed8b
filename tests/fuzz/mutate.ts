import type { Random } from './target';

export const upTo = (random: Random, count: number): number => Math.floor(random() * count);
export const pick = <T>(random: Random, from: readonly T[]): T => from[upTo(random, from.length)]!;
export const chance = (random: Random, probability: number): boolean => random() < probability;

/** Whatever JSON can hold and nobody expects in this place. */
export const ODD_VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 0.5, 1e300, -1e300, 2 ** 53, 2 ** 31, 4096],
  ...['', ' ', '0', '7d', '-7d', '1e9y', 'x', '\0', '\n', '\u202e\u2066', '\ud800', 'ä', '__proto__', 'constructor', 'toString'],
  ...['../../etc/passwd', '/', '.', 'C:\\x', 'file:///x', 'a'.repeat(300), 'x'.repeat(70_000), '<script>alert(1)</script>'],
  ...["'; DROP TABLE customers; --", '9999-99-99T99:99:99Z', '+275760-09-13T00:00:00Z', '2026-11-24T10:00:00.000Z'],
  ...[[], [null], [[]], {}, { length: 1 }, { then: 1 }, { toString: 1, valueOf: 1 }, { __proto__: null, a: [] }, ['a', 'a']],
]; // prettier-ignore

/** JSON with one to three of its values replaced, removed, doubled, or moved to another place. */
export function mutateJson(random: Random, value: unknown, spice: readonly unknown[] = []): unknown {
  const changed: { value: unknown } = { value: structuredClone(value) };
  for (let changes = 1 + upTo(random, 3); changes > 0; changes--) {
    const places = placesIn(changed);
    if (places.length === 0) break;
    const { parent, key } = pick(random, places);
    const what = random();
    if (what < 0.6)
      put(parent, key, structuredClone(pick(random, chance(random, 0.5) ? ODD_VALUES : [...spice, null])));
    else if (what < 0.75) {
      const other = pick(random, places);
      put(parent, key, structuredClone((other.parent as Record<string, unknown>)[other.key]));
    } else if (what < 0.9) Reflect.deleteProperty(parent, key);
    else if (typeof parent[key] === 'string') put(parent, key, mutateText(random, parent[key]));
    else put(parent, pick(random, ['unknown', 'length', '__proto__', 'toString', '0']), 1);
  }
  return changed.value;
}

type Parent = Record<string, unknown>;

/** Not an assignment: `__proto__` is to be a key like any other. */
function put(parent: Parent, key: string, value: unknown): void {
  // False for the length of a list, which stays.
  Reflect.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
}

function placesIn(root: object): { parent: Parent; key: string }[] {
  const places: { parent: Parent; key: string }[] = [];
  const waiting = [root];
  for (let parent = waiting.pop(); parent; parent = waiting.pop()) {
    for (const [key, value] of Object.entries(parent)) {
      if (key === 'length' && Array.isArray(parent)) continue;
      places.push({ parent: parent as Parent, key });
      // No deeper than anything goes; some of the odd values are wide.
      if (typeof value === 'object' && value !== null && places.length < 500) waiting.push(value as object);
    }
  }
  return places;
}

const CHARACTERS = ['\0', '\n', '\r', '\t', ' ', '"', "'", '`', '\\', '/', '.', '%', '&', '<', '>', '=', ';', '(', ')', '{', '}', '[', ']', ',', ':', '-', '+', '0', '9', 'e', '\u2028', '\ufeff', '\ud83d\ude00', '\ud800', 'é', 'é']; // prettier-ignore

/** A text with a few characters more, fewer, or others, or with one of `words` somewhere. */
export function mutateText(random: Random, text: string, words: readonly string[] = []): string {
  let changed = text;
  for (let changes = 1 + upTo(random, 4); changes > 0; changes--) {
    const at = upTo(random, changed.length + 1);
    const length = chance(random, 0.3) ? upTo(random, changed.length + 1 - at) : Math.min(1, changed.length - at);
    const what = random();
    if (what < 0.25) changed = changed.slice(0, at) + pick(random, CHARACTERS) + changed.slice(at);
    else if (what < 0.45) changed = changed.slice(0, at) + changed.slice(at + length);
    else if (what < 0.55) changed = changed.slice(0, at) + changed.slice(at, at + length).repeat(2) + changed.slice(at);
    else if (what < 0.7) changed = changed.slice(0, at) + pick(random, CHARACTERS) + changed.slice(at + length);
    else if (words.length > 0) changed = changed.slice(0, at) + pick(random, words) + changed.slice(at + length);
    else changed = changed.slice(0, at) + JSON.stringify(pick(random, ODD_VALUES)) + changed.slice(at + length);
  }
  return changed.slice(0, 200_000);
}
