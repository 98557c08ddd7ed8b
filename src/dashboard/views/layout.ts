import { html } from 'hono/html';
import type { VerdictMark } from '../../index.js';
import type { Html, View } from './view.js';

export interface Page {
  readonly title: string;
  readonly body: Html;
  /** Shows in the tab's icon. */
  readonly level?: VerdictMark;
  /** Reload after so many seconds; for pages that wait for something without a script. */
  readonly refresh?: number | undefined;
  /** Has live progress: the script listens here. */
  readonly live?: string;
}

/**
 * The referrer policy stands in the page too: with the header's `no-referrer`, browsers send forms with `Origin: null`,
 * and the check against other sites could not tell its own. To other sites it sends nothing either.
 */
export function layout(view: View, { title, body, level = 'good', refresh, live }: Page): Html {
  const { texts, root } = view;
  return html`<!doctype html>
    <html lang="${texts.locale}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="same-origin" />
        <meta name="robots" content="noindex" />
        ${refresh === undefined ? '' : html`<noscript><meta http-equiv="refresh" content="${refresh}" /></noscript>`}
        <title>${title}</title>
        <link rel="icon" type="image/svg+xml" href="${root}assets/${level}.svg" />
        <link rel="stylesheet" href="${root}assets/style.css" />
        <script type="module" src="${root}assets/script.js"></script>
      </head>
      <body>
        <main id="main" ${live === undefined ? '' : html`data-live="${live}"`}>${body}</main>
      </body>
    </html>`;
}
