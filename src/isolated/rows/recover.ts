import type { ChildResult } from '../../child/protocol.js';
import type { RecoverRequest } from '../../child/rows-protocol.js';

export function recover({ table }: RecoverRequest): ChildResult {
  throw new TypeError(`The rows of "${table}" cannot be recovered yet.`);
}
