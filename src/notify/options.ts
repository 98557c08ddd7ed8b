import { parseDuration, parseWait, WAIT_IS } from '../util/duration.js';
import type { Duration } from '../util/duration.js';
import { hasMethods } from '../util/method-options.js';
import { validate } from '../util/validate.js';
import type { Valibot } from '../util/validate.js';
import { ALARM_KINDS } from './alarm.js';
import type { AlarmKind } from './alarm.js';

/** Who is told what goes wrong, and when: the `notify` of a service. docs/alerts.md has the rules. */
export interface NotifyOptions {
  /**
   * The address of a dead man's switch (healthchecks.io, Uptime Kuma's push monitor): it is called when an attempt begins, when
   * it succeeds, when it fails, and with the result of each look of the monitor.
   */
  heartbeat?: string;
  /** Who gets each message by HTTP. An address alone means `{ url }`. */
  webhook?: string | WebhookOptions | readonly WebhookOptions[];
  /** Who gets each message by mail. */
  mail?: MailOptions;
  /** How many attempts in a row must fail, in whatever process, before it is an alarm. @default 1 */
  failedAfter?: number;
  /** How long a backup may have been due, while the database has changed, before it is an alarm. @default '1d' */
  overdueAfter?: Duration;
  /** How old the newest verification of a backup may get. Default: any age. */
  unverifiedAfter?: Duration;
  /** How long a copy in a store may be missing. @default '1d' */
  copiesPendingFor?: Duration;
  /** The least that must be free on the disk of the backups, in bytes. Default: room for two more backups. */
  minFreeBytes?: number;
  /** Which messages are sent. Default: all. */
  only?: readonly AlarmKind[];
}

/** One receiver of messages by HTTP. */
export interface WebhookOptions {
  url: string;
  /** What the receiver expects. @default 'json', signed if there is a `secret` */
  format?: WebhookFormat;
  /**
   * Signs each message as https://www.standardwebhooks.com says: `whsec_` and base64, or any text. The headers are `webhook-id`,
   * `webhook-timestamp` and `webhook-signature`.
   */
  secret?: string;
  /** Further headers, such as `authorization`. */
  headers?: Readonly<Record<string, string>>;
}

/** How a message is written for a receiver. */
export type WebhookFormat = 'json' | 'slack' | 'discord' | 'teams' | 'ntfy';

const WEBHOOK_FORMATS: readonly WebhookFormat[] = ['json', 'slack', 'discord', 'teams', 'ntfy'];

/** Messages by mail. */
export interface MailOptions {
  /** A transport of nodemailer, or what `createTransport()` takes: `'smtps://user:password@mail.example.com'`. */
  transport: MailTransport | string | object;
  from: string;
  to: string | readonly string[];
}

/** The part of nodemailer's transport that is used. */
export interface MailTransport {
  /** Sends a mail. */
  sendMail(mail: { from: string; to: string | string[]; subject: string; text: string }): Promise<unknown>;
}

/** When something becomes an alarm. */
export interface AlarmRules {
  readonly failedAfter: number;
  readonly overdueAfterMs: number;
  readonly unverifiedAfterMs: number;
  readonly copiesPendingMs: number;
  /** `undefined`: as the verdict of the status says. */
  readonly minFreeBytes: number | undefined;
}

/** @throws BackupError `ERR_BACKUP_OPTIONS`; it shows no address, since addresses hold secrets */
export function checkNotifyOptions(options: NotifyOptions | undefined): void {
  if (options === undefined) return;
  validate('notify', schemaOf, options);
  for (const webhook of webhooksOf(options)) validate('notify.webhook', webhookSchema, webhook);
  if (options.mail) validate('notify.mail', mailSchema, options.mail);
}

export function webhooksOf({ webhook }: Pick<NotifyOptions, 'webhook'>): readonly WebhookOptions[] {
  if (webhook === undefined) return [];
  if (typeof webhook === 'string') return [{ url: webhook }];
  return Array.isArray(webhook) ? (webhook as readonly WebhookOptions[]) : [webhook as WebhookOptions];
}

export function alarmRules(options: NotifyOptions = {}): AlarmRules {
  const { failedAfter = 1, overdueAfter = '1d', unverifiedAfter = Infinity, copiesPendingFor = '1d' } = options;
  return {
    failedAfter,
    overdueAfterMs: parseDuration(overdueAfter)!,
    unverifiedAfterMs: unverifiedAfter === Infinity ? Infinity : parseDuration(unverifiedAfter)!,
    copiesPendingMs: parseDuration(copiesPendingFor)!,
    minFreeBytes: options.minFreeBytes,
  };
}

const ADDRESS = 'an address that begins with https:// or http://, without a user name and a password (use "headers")';

/** fetch() refuses an address with a password, and shows it in its error. */
function isAddress(value: unknown): value is string {
  if (typeof value !== 'string' || !/^https?:\/\//i.test(value) || !URL.canParse(value)) return false;
  const { username, password } = new URL(value);
  return username === '' && password === '';
}

/** fetch() shows a header's value in its error, so what it would refuse is refused here. */
function areHeaders(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null) return false;
  if (!Object.values(value).every((each) => typeof each === 'string')) return false;
  try {
    return Boolean(new Headers(value as Record<string, string>));
  } catch {
    return false;
  }
}

// Each message finishes the sentence "It must be …".
// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- the type is what valibot infers
function schemaOf(v: Valibot) {
  // eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
  const check = (allowed: (value: unknown) => boolean, message: string) =>
    v.optional(v.custom<unknown>(allowed, message));
  const duration = (value: unknown): boolean => parseWait(value) !== undefined;
  return v.strictObject({
    heartbeat: check(isAddress, ADDRESS),
    webhook: check(
      (value) => isAddress(value) || (typeof value === 'object' && value !== null),
      `${ADDRESS}, an object with a "url", or a list of such objects`,
    ),
    mail: check((value) => typeof value === 'object' && value !== null, 'an object with transport, from and to'),
    failedAfter: check((value) => Number.isSafeInteger(value) && (value as number) >= 1, 'a whole number from 1 up'),
    overdueAfter: check(duration, WAIT_IS),
    unverifiedAfter: check(duration, WAIT_IS),
    copiesPendingFor: check(duration, WAIT_IS),
    minFreeBytes: check((value) => typeof value === 'number' && value >= 0, 'a number of bytes'),
    only: check(
      (value) => Array.isArray(value) && value.every((kind) => ALARM_KINDS.includes(kind as AlarmKind)),
      `a list of ${ALARM_KINDS.join(', ')}`,
    ),
  });
}

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
function webhookSchema(v: Valibot) {
  return v.strictObject({
    url: v.custom<string>(isAddress, ADDRESS),
    format: v.optional(v.picklist(WEBHOOK_FORMATS, `one of ${WEBHOOK_FORMATS.join(', ')}`)),
    secret: v.optional(v.pipe(v.string('a text'), v.nonEmpty('a text that is not empty'))),
    headers: v.optional(v.custom<Record<string, string>>(areHeaders, 'an object of texts that HTTP allows as headers')),
  });
}

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
function mailSchema(v: Valibot) {
  // eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- as above
  const text = (message: string) => v.pipe(v.string(message), v.nonEmpty(message));
  return v.strictObject({
    transport: v.custom<MailOptions['transport']>(
      (value) => (typeof value === 'string' && value !== '') || hasMethods(value, []),
      'a transport of nodemailer, or what its createTransport() takes',
    ),
    from: text('an address'),
    to: v.union([text('an address'), v.array(text('an address'))], 'an address, or a list of addresses'),
  });
}
