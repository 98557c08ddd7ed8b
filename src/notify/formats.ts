import crypto from 'node:crypto';
import { titleOf } from './alarm.js';
import type { Notification } from './alarm.js';
import type { WebhookFormat, WebhookOptions } from './options.js';

/** A message as a receiver wants it. */
export interface Letter {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const MARKS = { info: 'ℹ️', warning: '⚠️', critical: '🚨' };

function lineOf(message: Notification): string {
  return `${message.state === 'recovered' ? '✅' : MARKS[message.level]} ${titleOf(message)}\n${message.text}`;
}

const json = (value: object): Letter => ({
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/json' },
});

/** How each receiver wants a message; its documentation is cited. Pure. */
const FORMATS: Readonly<Record<WebhookFormat, (message: Notification) => Letter>> = {
  json: (message) => json({ ...message, at: message.at.toISOString(), title: titleOf(message) }),
  // https://docs.slack.dev/messaging/formatting-message-text#escaping
  slack: (message) => {
    const text = lineOf(message).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
    return json({ text });
  },
  // https://discord.com/developers/docs/resources/webhook#execute-webhook: at most 2,000 characters, and nobody is called.
  discord: (message) => json({ content: lineOf(message).slice(0, 2_000), allowed_mentions: { parse: [] } }),
  // https://learn.microsoft.com/power-automate/teams/teams-app-create ("Post to a channel when a webhook request is received")
  teams: (message) => {
    const block = (text: string, more: object = {}): object => ({ type: 'TextBlock', text, wrap: true, ...more });
    const body = [block(titleOf(message), { weight: 'Bolder' }), block(message.text)];
    const content = {
      $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
      type: 'AdaptiveCard',
      version: '1.4',
    };
    return json({
      type: 'message',
      attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: { ...content, body } }],
    });
  },
  // https://docs.ntfy.sh/publish/: headers are Latin-1, or encoded as RFC 2047 says.
  ntfy: (message) => ({
    body: message.text,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      title: `=?UTF-8?B?${Buffer.from(titleOf(message)).toString('base64')}?=`,
      priority: message.level === 'critical' && message.state === 'begun' ? 'high' : 'default',
      tags:
        message.state === 'recovered'
          ? 'white_check_mark'
          : message.level === 'info'
            ? 'information_source'
            : 'warning',
    },
  }),
};

/** A message for a receiver, signed where there is a secret. Pure. */
export function letterFor(
  { format = 'json', secret, headers }: WebhookOptions,
  message: Notification,
  now: Date,
): Letter {
  const letter = FORMATS[format](message);
  const signed = secret === undefined ? {} : sign(secret, message.id, letter.body, now);
  return { body: letter.body, headers: { ...letter.headers, ...signed, ...headers } };
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function sign(secret: string, id: string, body: string, now: Date): Record<string, string> {
  const seconds = Math.floor(now.getTime() / 1000);
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : secret;
  const signature = crypto.createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${signature}` };
}
