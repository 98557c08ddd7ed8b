import { html } from 'hono/html';
import type { Backup } from '../../index.js';
import { adviceFor } from '../advice.js';
import type { FlashKind } from '../flash-store.js';
import { reasonFor } from '../texts/index.js';
import type { Html, View } from './view.js';

const BAD = new Set<FlashKind>(['unsound', 'confirmation', 'error', 'busy']);

/** What came of the reader's last action, once; names only of backups that are still listed. */
export function flash(view: View, backups: readonly Backup[]): Html | '' {
  const { texts, flash: message } = view;
  if (!message) return '';
  const { done, code = '' } = message;
  const say = texts.done[done];
  const named = backups.find(({ name }) => name === message.name)?.name ?? '';
  const text = typeof say === 'string' ? say : say(done === 'error' ? reasonFor(code, texts) : named);
  const bad = BAD.has(done);
  return html`<section class="flash ${bad ? 'bad' : 'good'}" role="${bad ? 'alert' : 'status'}">
    <p>${text}</p>
    ${done === 'error' ? html`<p class="more">${texts.advice[adviceFor(code).kind]}</p>` : ''}
    <a class="close" href="?" aria-label="${texts.jobs.dismiss}">×</a>
  </section>`;
}
