// A commit of somebody else between the plan of a recovery and its rows: the recovery waits in between for the lock of the folder.
import Database from 'better-sqlite3';
import { rejectionOf } from '../support/errors';
import { SHOP, useRecovering } from '../support/recovering';

const { folder, after } = useRecovering();

/** Starts the recovery of the invoice 42, and does `sql` when its plan is made and nothing of it is written. */
async function meanwhile(sql: string, { planned = false } = {}) {
  const state = await after(SHOP, 'DELETE FROM invoices WHERE id = 42');
  const chosen = { table: 'invoices', where: 'id = 42' };
  const { plan } = planned ? await state.recover({ ...chosen, dryRun: true }) : {};
  const lock = new Database(folder.file('.app_backup.lock'));
  lock.exec('BEGIN EXCLUSIVE');
  const onProgress = ({ step }: { step: string }): void => {
    if (step !== 'lock' || !lock.open) return;
    state.db.exec(sql);
    lock.close();
  };
  return { ...state, done: state.recover({ ...chosen, ...(plan !== undefined && { plan }), onProgress }) };
}

test('another row stays, and the invoice comes back', async () => {
  const { done, all, whole } = await meanwhile('INSERT INTO invoices VALUES (44, 1, 3)', { planned: true });
  expect(await done).toMatchObject({ inserted: { invoices: 1, items: 2 }, relinked: { notes: 2 } });
  expect(all('SELECT id, total FROM invoices')).toEqual([[41, 5], [42, 7.5], [43, 9], [44, 3]]); // prettier-ignore
  await whole();
});

test('a row under the same number is a conflict, and nothing is written', async () => {
  const { done, all, whole, service } = await meanwhile('INSERT INTO invoices VALUES (42, 1, 3)');
  expect(await rejectionOf(done)).toMatchObject({ code: 'ERR_BACKUP_RECOVER_CONFLICT' });
  expect(all('SELECT id, total FROM invoices')).toEqual([[41, 5], [42, 3], [43, 9]]); // prettier-ignore
  // The state before is still there, so the safety backup has gone again.
  expect(await service.listBackups()).toHaveLength(1);
  await whole();
});

test('where something else would be done than what was looked at, the plan is refused', async () => {
  const { done, all, whole } = await meanwhile('UPDATE notes SET invoice_id = 43 WHERE id = 2', { planned: true });
  expect(await rejectionOf(done)).toMatchObject({ code: 'ERR_BACKUP_RECOVER_PLAN' });
  expect(all('SELECT count(*) FROM invoices')).toEqual([[2]]);
  await whole();
});
