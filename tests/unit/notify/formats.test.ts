import { Webhook } from 'standardwebhooks';
import { letterFor } from '#dist/notify/formats.js';
import type { Notification, WebhookFormat } from 'sqlite-autobackup';

const message: Notification = {
  ...{ id: 'msg_1', state: 'begun', kind: 'failed', level: 'critical', database: 'app.db', host: 'shop-1' },
  at: new Date('2026-11-24T09:30:00.000Z'),
  text: 'The backup before <Invoices> & "co" failed. @everyone | ❄',
};
const now = new Date();
const letter = (format: WebhookFormat, more: Partial<Notification> = {}) =>
  letterFor({ url: 'https://example.com', format }, { ...message, ...more }, now);
const body = (format: WebhookFormat) => JSON.parse(letter(format).body) as Record<string, never>;

test('JSON has everything that is known of a message', () => {
  expect(body('json')).toEqual({
    ...message,
    at: '2026-11-24T09:30:00.000Z',
    title: 'A backup failed: app.db on shop-1',
  });
});

test('Slack gets its three characters escaped', () => {
  expect(body('slack')).toEqual({
    text: '🚨 A backup failed: app.db on shop-1\nThe backup before &lt;Invoices&gt; &amp; "co" failed. @everyone | ❄',
  });
});

test('Discord calls nobody, whatever the text says, and takes 2,000 characters', () => {
  expect(body('discord')['allowed_mentions']).toEqual({ parse: [] });
  const { content } = JSON.parse(letter('discord', { text: 'x'.repeat(5_000) }).body) as { content: string };
  expect(content).toHaveLength(2_000);
});

test('Teams gets an adaptive card with the title and the text', () => {
  const { attachments } = body('teams') as unknown as {
    attachments: { contentType: string; content: { body: { text: string }[] } }[];
  };
  expect(attachments[0]!.contentType).toBe('application/vnd.microsoft.card.adaptive');
  expect(attachments[0]!.content.body.map(({ text }) => text)).toEqual([
    'A backup failed: app.db on shop-1',
    message.text,
  ]);
});

test('ntfy gets the text, and headers that hold no other character than Latin-1', () => {
  const { body: text, headers } = letter('ntfy', { host: '商店' });
  expect(text).toBe(message.text);
  expect(headers).toMatchObject({ priority: 'high', tags: 'warning' });
  expect(() => new Headers(headers)).not.toThrow();
  expect(Buffer.from(/^=\?UTF-8\?B\?(.*)\?=$/.exec(headers['title']!)![1]!, 'base64').toString()).toContain('商店');
});

test('a signed message is one that the library of Standard Webhooks verifies, and another one is not', () => {
  const secret = `whsec_${Buffer.from('a secret of 24 bytes ...').toString('base64')}`;
  const { body: text, headers } = letterFor({ url: 'https://example.com', secret }, message, now);
  const webhook = new Webhook(secret);
  expect(webhook.verify(text, { ...headers })).toMatchObject({ id: 'msg_1' });
  expect(() => webhook.verify(text.replace('app.db', 'apq.db'), { ...headers })).toThrow();
});

test('a secret of any other text signs with its bytes', () => {
  const secret = 'correct horse battery staple';
  const { body: text, headers } = letterFor({ url: 'https://example.com', secret }, message, now);
  expect(new Webhook(Buffer.from(secret), { format: 'raw' }).verify(text, { ...headers })).toMatchObject({
    id: 'msg_1',
  });
});

test('without a secret nothing is signed, and own headers are added', () => {
  const { headers } = letterFor({ url: 'https://example.com', headers: { authorization: 'Bearer x' } }, message, now);
  expect(headers).toEqual({ 'content-type': 'application/json', authorization: 'Bearer x' });
});
