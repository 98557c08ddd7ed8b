import type { createTransport } from 'nodemailer';
import { BackupError, messageOf, systemCode } from '../util/errors.js';
import { lazy } from '../util/lazy.js';
import { hasMethods } from '../util/method-options.js';
import { abortable } from '../util/on-abort.js';
import { withoutSecrets } from '../util/show.js';
import { titleOf } from './alarm.js';
import type { Notification } from './alarm.js';
import { letterFor } from './formats.js';
import { webhooksOf } from './options.js';
import type { MailOptions, MailTransport, NotifyOptions, WebhookOptions } from './options.js';

/** A way to somebody. */
export interface Channel<Message> {
  /** Without a secret: `'webhook hooks.slack.com'`. */
  readonly name: string;
  /** Rejects if it has not arrived. */
  send(message: Message): Promise<void>;
}

/** What a dead man's switch is told. */
export interface Beat {
  readonly state: 'start' | 'success' | 'fail';
  readonly text: string;
}

/** A receiver that has not answered for so long has not got it. */
const PATIENCE_MS = 10_000;

const nodemailer = lazy('optional peer', () => {
  try {
    return require('nodemailer') as { createTransport: typeof createTransport };
  } catch (cause) {
    throw new BackupError('ERR_BACKUP_PEER_MISSING', 'nodemailer is not installed.', {
      step: 'options',
      hint: 'Run "npm install nodemailer", or give "notify.mail.transport" an object with sendMail().',
      cause,
    });
  }
});

export function channelsOf(options: NotifyOptions): readonly Channel<Notification>[] {
  return [...webhooksOf(options).map(webhook), ...(options.mail ? [mail(options.mail)] : [])];
}

/**
 * healthchecks.io has a path for each state (https://healthchecks.io/docs/http_api/), Uptime Kuma's push monitor parameters, and
 * nothing for a start.
 */
export function heartbeat(address: string): Channel<Beat> {
  const isKuma = new URL(address).pathname.includes('/api/push/');
  return {
    name: `heartbeat ${new URL(address).host}`,
    async send({ state, text }) {
      const url = new URL(address);
      if (isKuma) {
        if (state === 'start') return;
        url.searchParams.set('status', state === 'success' ? 'up' : 'down');
        url.searchParams.set('msg', text.slice(0, 250));
        return call(url, { method: 'GET' });
      }
      if (state !== 'success') url.pathname = `${url.pathname.replace(/\/$/, '')}/${state}`;
      return call(url, { method: 'POST', body: text });
    },
  };
}

function webhook(options: WebhookOptions): Channel<Notification> {
  const url = new URL(options.url);
  return {
    name: `webhook ${url.host}`,
    send: (message) => call(url, { method: 'POST', ...letterFor(options, message, new Date()) }),
  };
}

function mail({ transport: given, from, to }: MailOptions): Channel<Notification> {
  let transport: MailTransport | undefined;
  return {
    name: 'mail',
    async send(message) {
      transport ??= hasMethods(given, ['sendMail']) ? (given as MailTransport) : nodemailerTransport(given);
      const subject = titleOf(message);
      const addresses = typeof to === 'string' ? to : [...to];
      const sending = transport.sendMail({ from, to: addresses, subject, text: `${message.text}\n` });
      const late = (): Error => new Error(`no answer after ${PATIENCE_MS / 1000} s`);
      await abortable(sending, AbortSignal.timeout(PATIENCE_MS), late);
    },
  };
}

/** Its own patience is ten minutes, and an app that ends would wait for it. */
function nodemailerTransport(given: MailOptions['transport']): MailTransport {
  const patience = { connectionTimeout: PATIENCE_MS, greetingTimeout: PATIENCE_MS, socketTimeout: PATIENCE_MS };
  const isPlugin = hasMethods(given, ['send']);
  const settings = typeof given === 'string' ? { url: given } : given;
  return nodemailer().createTransport((isPlugin ? given : { ...patience, ...settings }) as string);
}

/** A redirect is not followed: the message and its signature are for this address only. */
async function call(url: URL, request: RequestInit): Promise<void> {
  const response = await fetch(url, { ...request, redirect: 'error', signal: AbortSignal.timeout(PATIENCE_MS) });
  // Reading it to its end lets the connection be used again.
  await response.body?.cancel();
  if (!response.ok) throw new Error(`it answered with status ${response.status}`);
}

/** Why it has not arrived, without addresses: `fetch failed (ECONNREFUSED)`. */
export function whyNot(error: unknown): string {
  // A transport may reject with anything, `undefined` too.
  const { message = messageOf(error), cause } = (error ?? {}) as { message?: unknown; cause?: unknown };
  const code = systemCode(cause) || systemCode(error);
  return withoutSecrets(`${String(message)}${code === '' ? '' : ` (${code})`}`);
}
