import { html } from 'hono/html';
import type { Html } from './view.js';

/** Names with their values; what has no value is left out. */
export function facts(list: readonly (readonly [name: string, value: string | Html | undefined])[]): Html {
  return html`<dl class="facts">
    ${list.map(([name, value]) =>
      value === undefined
        ? ''
        : html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
    )}
  </dl>`;
}
