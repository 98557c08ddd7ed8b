import type { BackupStore } from 'sqlite-autobackup';
import { listObjects, removeObject, sweepUploads } from '#dist/offsite/store-calls.js';
import { rejectionOf } from '../../support/errors';

const store = (verbs: Partial<BackupStore>): BackupStore => ({ name: 'the store', ...verbs }) as BackupStore;
const never = () => new Promise<never>(() => {});

const CALLS = [
  ['list', listObjects],
  ['remove', removeObject],
  ['sweep', sweepUploads],
] as const;

describe.each(CALLS)('%s of a store', (verb, call) => {
  test('that never answers is given up', async () => {
    const error = await rejectionOf(call(store({ [verb]: never }), 'shop-1/', { stallMs: 20 }));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_STORE_FAILED', step: 'store' });
    expect(error.message).toContain('Nothing has moved');
  });

  test('that hears no signal holds up nobody who cancels', async () => {
    const controller = new AbortController();
    const call_ = call(store({ [verb]: never }), 'shop-1/', { signal: controller.signal });
    controller.abort();
    expect((await rejectionOf(call_)).code).toBe('ERR_BACKUP_CANCELLED');
  });

  test('that rejects with an error of its own is a BackupError with that cause', async () => {
    const cause = new Error('530 not logged in');
    const error = await rejectionOf(call(store({ [verb]: () => Promise.reject(cause) }), 'shop-1/', {}));
    expect(error).toMatchObject({ code: 'ERR_BACKUP_STORE_FAILED', cause });
    expect(error.message).toContain('"the store": 530 not logged in');
  });
});

test('a store that has nothing to sweep is swept', async () => {
  await sweepUploads(store({}), 'shop-1/', {});
});
