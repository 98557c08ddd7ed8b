import { html } from 'hono/html';
import type { Backup } from '../../index.js';
import { adviceFor } from '../advice.js';
import type { Flash, FlashKind } from '../flash-store.js';
import { reasonFor } from '../texts/index.js';
import type { Html, View } from './view.js';

const BAD = new Set<FlashKind>([
  'unsound',
  'confirmation',
  'error',
  'busy',
  'failedSome',
  'nothingChosen',
  'nothingSent',
  'sayWhen',
]);

/** What came of the reader's last action, once; names only of backups that are still listed. */
export function flash(view: View, backups: readonly Backup[]): Html | '' {
  const { texts, flash: message } = view;
  if (!message) return '';
  const { done, code = '' } = message;
  const named = backups.find(({ name }) => name === message.name)?.name ?? '';
  const text = textOf(view, message, named);
  const bad = BAD.has(done);
  return html`<section class="flash ${bad ? 'bad' : 'good'}" role="${bad ? 'alert' : 'status'}">
    <p>${text}</p>
    ${done === 'error' || done === 'failedSome' ? html`<p class="more">${texts.advice[adviceFor(code).kind]}</p>` : ''}
    <a class="close" href="?" aria-label="${texts.jobs.dismiss}">×</a>
  </section>`;
}

function textOf({ texts }: View, { done, code = '', count = 0, failed = 0 }: Flash, name: string): string {
  const { number } = texts.format;
  switch (done) {
    case 'failedSome':
      return texts.done.failedSome(number(count), number(failed), reasonFor(code, texts));
    case 'deletedSome':
    case 'protectedSome':
    case 'unprotectedSome':
      return texts.done[done](number(count));
    case 'error':
      return texts.done.error(reasonFor(code, texts));
    default: {
      const say = texts.done[done];
      return typeof say === 'string' ? say : say(name);
    }
  }
}
