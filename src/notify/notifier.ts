import { AsyncLocalStorage } from 'node:async_hooks';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { BackupFolder } from '../catalog/list-backups.js';
import { messageOf, systemCode } from '../util/errors.js';
import type { Logger } from '../util/logger.js';
import { messages } from '../util/messages.js';
import { oneLine } from '../util/printable.js';
import { isAbandoned, processToken } from '../util/process-token.js';
import { SerialQueue } from '../util/serial-queue.js';
import { withoutSecrets } from '../util/show.js';
import { alarmOf, titleOf } from './alarm.js';
import type { Alarm, AlarmKind, Notification } from './alarm.js';
import { alarmFile, makeAlarm, readAlarm, readAlarms, rewriteAlarm, takeAlarm } from './alarm-file.js';
import type { AlarmName, AlarmRecord } from './alarm-file.js';
import { channelsOf, heartbeat } from './channels.js';
import type { Beat } from './channels.js';
import { Delivery } from './delivery.js';
import type { NotifyOptions } from './options.js';

type Folder = BackupFolder & { readonly database: string };

/**
 * Tells alarms, each once for all processes, and when it is over. Whatever fails here is logged, and harms nothing: no method
 * throws or rejects.
 */
export class Notifier {
  readonly #folder: Folder;
  readonly #log: Logger;
  readonly #channels: readonly Delivery<Notification>[];
  readonly #heart: Delivery<Beat> | undefined;
  readonly #only: ReadonlySet<AlarmKind> | undefined;
  readonly #onTold: (message: Notification) => void;
  /** What happens to the alarms' files, one after the other. */
  readonly #queue = new SerialQueue();
  readonly #token = processToken();
  /** The alarms of this process, where the folder cannot keep them: its disk may be what is full. */
  readonly #unrecorded = new Map<string, Alarm>();
  readonly #sending = new Set<Promise<unknown>>();
  /** Nothing of a message belongs to the request during which it arose. */
  readonly #inOwnContext = AsyncLocalStorage.snapshot();

  constructor(folder: Folder, options: NotifyOptions, log: Logger, onTold: (message: Notification) => void) {
    this.#folder = folder;
    this.#log = log;
    this.#onTold = onTold;
    this.#channels = channelsOf(options).map((channel) => new Delivery(channel, log));
    this.#heart = options.heartbeat === undefined ? undefined : new Delivery(heartbeat(options.heartbeat), log);
    this.#only = options.only && new Set(options.only);
  }

  /** Something is wrong. It is told when it has happened `after` times in a row, in whatever process. */
  raise(alarm: Alarm, after = 1): Promise<void> {
    const file = alarmFile(this.#folder, alarm);
    return this.#inTurn(async () => {
      if (this.#unrecorded.has(file)) return;
      try {
        await this.#record(file, alarm, after);
      } catch (error) {
        // There is one, of a process whose files this user may not read: that one tells it.
        if (systemCode(error) === 'EACCES' && fs.existsSync(file)) return;
        if (this.#unrecorded.size === 0) this.#log.warn(messages.alarmsNotRecorded(messageOf(error)));
        this.#unrecorded.set(file, alarm);
        this.#tell(alarm, 'begun');
      }
    });
  }

  /** It is over. That is told by one process, if it was an alarm. */
  settle(name: AlarmName, text: string): Promise<void> {
    const file = alarmFile(this.#folder, name);
    return this.#inTurn(async () => {
      const recorded = await takeAlarm(file).catch(() => undefined);
      const alarm = recorded?.raised ? recorded : this.#unrecorded.get(file);
      this.#unrecorded.delete(file);
      if (alarm) this.#tell({ ...alarm, level: 'info', text }, 'recovered');
    });
  }

  /** Something has happened that does not last. */
  mention(alarm: Alarm): void {
    this.#tell(alarm, 'moment');
  }

  /** The dead man's switch. */
  beat(state: Beat['state'], text: string): void {
    if (this.#heart) this.#keep(this.#heart.send({ state, text: printable(text) }));
  }

  /** The alarms that last, of all processes. `since`: where it is on record. */
  async lasting(): Promise<readonly (Alarm & { readonly since?: string })[]> {
    const recorded = await readAlarms(this.#folder).catch(() => []);
    const raised = recorded
      .filter((record) => record.raised)
      .map((record) => ({ ...alarmOf(record), since: record.since }));
    return [...raised, ...this.#unrecorded.values()];
  }

  /** Sends a message to everybody; says who has got it. */
  async test(text: string): Promise<readonly { readonly channel: string; readonly delivered: boolean }[]> {
    const tries = this.#channels.map(async (channel) => ({
      channel: channel.name,
      delivered: await channel.send(this.#message({ kind: 'test', level: 'info', text }, 'moment')),
    }));
    if (this.#heart) {
      const heart = this.#heart;
      const sent = Promise.all((['start', 'success'] as const).map((state) => heart.send({ state, text })));
      tries.push(sent.then((all) => ({ channel: heart.name, delivered: all.every(Boolean) })));
    }
    return Promise.all(tries);
  }

  /** Resolves when everything has been tried once; what failed is tried again later. */
  async whenIdle(): Promise<void> {
    do {
      await this.#queue.end;
      await Promise.allSettled(this.#sending);
    } while (this.#sending.size > 0);
    await this.#queue.end;
  }

  async #record(file: string, alarm: Alarm, after: number): Promise<void> {
    const since = new Date().toISOString();
    const fresh = { formatVersion: 1, ...alarmOf(alarm), since, count: 1, told: false, by: this.#token } as const;
    const before = await readAlarm(file);
    if (!before) {
      const record = { ...fresh, raised: after <= 1 };
      let made = await makeAlarm(file, record);
      if (!made && !(await readAlarm(file))) {
        // A link or a file that is no record, perhaps planted: it must not keep the alarm from being told.
        await takeAlarm(file);
        made = await makeAlarm(file, record);
      }
      if (made && record.raised) this.#begin(file, record);
      return;
    }
    const isToldElsewhere = before.told || !isAbandoned(before.by, Date.parse(before.since));
    if (before.raised && isToldElsewhere) return;
    const count = before.count + (before.raised ? 0 : 1);
    if (count < after) return rewriteAlarm(file, { ...before, count });
    // Several processes may come here at once; only one of them gets it.
    if (!(await takeAlarm(file))) return;
    const record = { ...fresh, count, raised: true };
    if (!(await makeAlarm(file, record))) {
      // Another process has counted from 1 meanwhile, as there was none.
      if ((await readAlarm(file))?.raised) return;
      await rewriteAlarm(file, record);
    }
    this.#begin(file, record);
  }

  #begin(file: string, record: AlarmRecord): void {
    this.#tell(record, 'begun', async () => {
      const now = await readAlarm(file);
      // It may be over by now.
      if (now && !now.told && now.by === record.by && now.since === record.since) {
        await rewriteAlarm(file, { ...now, told: true });
      }
    });
  }

  /** Does not wait for the receivers. `told` is called when one of them has got it, or none is there. */
  #tell(alarm: Alarm, state: Notification['state'], told: () => Promise<void> = async () => {}): void {
    const message = this.#message(alarm, state);
    if (state === 'recovered') this.#log.info(`${titleOf(message)}. ${message.text}`);
    else if (alarm.level !== 'info') this.#log.warn(messages.alarm(message.text));
    this.#onTold(message);
    const note = (): void => void this.#inTurn(told).catch(() => {});
    const channels = this.#only && !this.#only.has(alarm.kind) ? [] : this.#channels;
    if (channels.length === 0) note();
    for (const channel of channels) this.#keep(channel.send(message, note));
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    return this.#inOwnContext(() => this.#queue.run(work, undefined));
  }

  #message({ kind, about, level, text }: Alarm, state: Notification['state']): Notification {
    return {
      ...{ id: `msg_${crypto.randomUUID()}`, at: new Date(), state },
      ...alarmOf({ kind, about: about && printable(about), level, text: printable(text) }),
      database: oneLine(path.basename(this.#folder.database)),
      host: oneLine(os.hostname()),
    };
  }

  #keep(sending: Promise<unknown>): void {
    this.#sending.add(sending);
    void sending.finally(() => this.#sending.delete(sending));
  }
}

/** What others wrote may be part of it: a message shows no secret, and nothing in it can look like another message. */
function printable(text: string): string {
  return oneLine(withoutSecrets(text));
}
