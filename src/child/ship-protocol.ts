import type { CopySettings, StoreRecipe } from '../stores/backup-store.js';
import type { ObjectDigest } from '../stores/transfer.js';
import type { WireError } from './protocol.js';

/** What the child of a shipping is asked for: `isolated/ship.ts`. */
export interface ShipRequest extends Pick<CopySettings, 'compress' | 'encrypt'> {
  readonly path: string;
  /** What its manifest records. */
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly database: string;
  readonly lockFile: string;
  /** Of the store, where the child can make it. */
  readonly recipe?: StoreRecipe;
  /** How long another process's shipping to the same store is waited for. */
  readonly waitMs: number;
}

/** A JSON line each, one at a time. */
export type ShipCommand =
  | { readonly type: 'stream' }
  | { readonly type: 'put'; readonly key: string }
  | { readonly type: 'measure'; readonly key: string };

/** A line that ends the command that is being done. */
export const ABORT = 'abort';

export type ShipMessage =
  | { readonly type: 'locked' }
  /** The end of `stream`. */
  | ({ readonly type: 'encoded' } & ObjectDigest)
  /** The end of `put` or `measure`. */
  | ({ readonly type: 'done' } & ObjectDigest)
  | { readonly type: 'error'; readonly error: WireError };
