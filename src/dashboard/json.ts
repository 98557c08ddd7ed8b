import type { BackupService, ServiceStatus } from '../index.js';
import { statusView } from '../service/json-view.js';
import type { Reader } from '../service/redact.js';
import { verdict } from '../service/verdict.js';
import type { Rights } from './guard.js';
import type { ServiceView } from './service-view.js';
import { sayAnswer, sayVerdict } from './texts/say.js';
import type { Texts } from './texts/index.js';

/** The visitor as a reader of JSON: a drill's statements, and what they returned, are made of rows. */
export function readerWith(rights: Rights, { directory }: Pick<BackupService, 'directory'>): Reader {
  return { at: 'web', directory, maySeeRows: rights.download };
}

// eslint-disable-next-line @typescript-eslint/explicit-function-return-type -- docs/dashboard.md has the shape
export function statusJson(status: ServiceStatus, { service }: ServiceView, rights: Rights, texts: Texts, now: number) {
  const sentence = sayVerdict(verdict(status, now), texts, now);
  const sentences = { sentence, say: (answer: Parameters<typeof sayAnswer>[0]) => sayAnswer(answer, texts, now) };
  return { ...statusView(status, readerWith(rights, service), now, sentences), rights };
}
