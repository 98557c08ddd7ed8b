import type { Verdict } from '../verdict.js';
import { reasonFor } from './index.js';
import type { Texts } from './index.js';

/** The one sentence at the top. */
export function sayVerdict(verdict: Verdict, texts: Texts, now: number): string {
  const { format } = texts;
  switch (verdict.kind) {
    case 'none':
    case 'unusable':
    case 'missing':
      return texts[verdict.kind];
    case 'unreadable':
      return texts.unreadable(reasonFor(verdict.code, texts));
    case 'failed':
      return sayFailure(verdict, texts, now);
    default:
      return texts[verdict.kind](format.age(verdict.at, now));
  }
}

/** `The last attempt failed: disk full, 3 MB free; next try in 4 minutes` */
function sayFailure(failed: Extract<Verdict, { kind: 'failed' }>, texts: Texts, now: number): string {
  const reason = reasonFor(failed.code, texts);
  const withSpace =
    failed.code === 'ERR_BACKUP_NO_SPACE' && failed.freeBytes !== undefined
      ? `${reason}, ${texts.free(texts.format.size(failed.freeBytes))}`
      : reason;
  const next =
    failed.retryAt.getTime() > now ? texts.nextTry(texts.format.age(failed.retryAt, now)) : texts.nextTryOnUse;
  return `${texts.failed(withSpace)}; ${next}`;
}
