import type { BackupService, KeepRules, RemoteCopy, ServiceRules, ServiceStatus } from '../index.js';
import { statusView } from '../service/json-view.js';
import { storeName } from '../service/redact.js';
import type { Reader } from '../service/redact.js';
import type { Rights } from './guard.js';
import type { ServiceView } from './service-view.js';
import { sayReason } from './texts/reasons.js';
import { sayAnswer, sayVerdict } from './texts/say.js';
import type { Texts } from './texts/index.js';

/** The visitor as a reader of JSON: a drill's statements, and what they returned, are made of rows. */
export function readerWith(rights: Rights, { directory }: Pick<BackupService, 'directory'>): Reader {
  return { at: 'web', directory, maySeeRows: rights.download };
}

/* eslint-disable @typescript-eslint/explicit-function-return-type -- docs/dashboard.md has the shapes */

export function statusJson(status: ServiceStatus, { service }: ServiceView, rights: Rights, texts: Texts, now: number) {
  const view = statusView(status, readerWith(rights, service), now, {
    sentence: (judged) => sayVerdict(judged, texts, now),
    say: (answer) => sayAnswer(answer, texts, now),
  });
  return { ...view, rights };
}

/** What a store has; its keys are the store's own business. */
export function copyJson(copy: RemoteCopy) {
  const { name, host, createdAt, sizeBytes, storedBytes, sha256, label, verified, shippedAt, problem } = copy;
  return {
    ...{ name, host, createdAt, sizeBytes, storedBytes, sha256, label, verified, shippedAt, problem },
    store: storeName(copy.store),
    encrypted: copy.recipients !== undefined,
  };
}

export function rulesJson(rules: ServiceRules, texts: Texts) {
  const { enabled, intervalMs, verifyEveryMs, onFailure, retention, stores, methods } = rules;
  return {
    ...{ enabled, intervalMs, verifyEveryMs, onFailure, methods },
    retention: typeof retention === 'object' ? everyRule(retention) : retention,
    stores: stores.map(storeName),
    kept: rules.kept.map(({ backup, reasons }) => ({
      name: backup.name,
      reasons: reasons.map((reason) => sayReason(reason, 'en', stores)),
      say: reasons.map((reason) => sayReason(reason, texts.locale, stores)),
    })),
    goNext: rules.goNext.map(({ name }) => name),
  };
}

/** `Infinity` is not JSON. */
function everyRule(rules: KeepRules) {
  return Object.fromEntries(Object.entries(rules).map(([rule, value]) => [rule, value === Infinity ? 'all' : value]));
}
