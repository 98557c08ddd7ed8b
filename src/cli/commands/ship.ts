import type { ShipReport } from '../../index.js';
import { errorJson } from '../as-json.js';
import type { CommandFunction } from '../context.js';
import { EXIT, exitCodeOf } from '../exit-codes.js';
import { count } from '../format.js';
import { openService } from '../open-service.js';
import { usageError } from '../usage-error.js';

export const ship: CommandFunction<[]> = async (context) => {
  const { service } = await openService(context);
  if (service.copies.length === 0) {
    throw usageError('There is no store to copy to.', 'Set "copies" in the configuration file.');
  }
  const reports = await service.shipPending({ signal: context.signal });
  const [error] = reports.flatMap(({ errors }) => errors);
  return {
    exitCode: error
      ? exitCodeOf(error)
      : reports.every(({ shipped }) => shipped.length === 0)
        ? EXIT.nothingToDo
        : EXIT.done,
    document: { ok: error === undefined, stores: reports.map(shipJson) },
    lines: reports.flatMap(shipLines),
    ...(error && { trouble: [error.message] }),
  };
};

export function shipJson({ store, shipped, pending, errors }: ShipReport): object {
  return {
    store,
    shipped,
    pending,
    errors: errors.map(errorJson),
  };
}

export function shipLines({ store, shipped, pending, errors }: ShipReport): string[] {
  return [
    shipped.length > 0 ? `Copied ${shipped.join(', ')} to ${store}` : `${store} has them all`,
    ...errors.map(({ message }) => `FAILED  ${message}`),
    ...(pending.length > 0 ? [`${count(pending.length, 'backup')} without a copy there`] : []),
  ].slice(errors.length > 0 && shipped.length === 0 ? 1 : 0);
}
