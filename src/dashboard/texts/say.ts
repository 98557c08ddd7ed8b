import type { Verdict, VerdictAnswer } from '../../index.js';
import { answerIn } from '../../service/verdict-words.js';
import type { VerdictWords } from '../../service/verdict-words.js';
import { storeName } from '../../service/redact.js';
import { reasonFor } from './index.js';
import type { Texts } from './index.js';

/** An answer of the verdict in the language of the page. `age` writes a moment as an age; a page marks it up. */
export function sayAnswer(answer: VerdictAnswer, texts: Texts, now: number, age = texts.format.age): VerdictWords {
  const { date, size } = texts.format;
  const formats = { age, date, size, reason: (code: string) => reasonFor(code, texts), store: storeName };
  return answerIn(texts.verdict, formats, answer, now);
}

/** The whole verdict in one line, for the API. */
export function sayVerdict(judged: Verdict, texts: Texts, now: number, age = texts.format.age): string {
  return `${texts.verdict.headline(judged)}: ${sayAnswer(judged.worst, texts, now, age).say}`;
}
