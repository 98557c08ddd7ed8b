import type { CopySettings, StoreRecipe } from '../stores/backup-store.js';
import type { ObjectDigest } from '../stores/transfer.js';
import type { WireError } from './protocol.js';

/** The request to `isolated/ship.ts` to send a backup to a store. */
export interface ShipRequest extends ObjectDigest, Pick<CopySettings, 'compress' | 'encrypt'> {
  /** The finished backup. Its size and sha256 here are those that its manifest records. */
  readonly path: string;
  /** The live database, which is never opened. */
  readonly database: string;
  readonly lockFile: string;
  /** The recipe of the store, where the child can make it. */
  readonly recipe?: StoreRecipe;
  /** The longest wait for another process that ships to the same store. */
  readonly waitMs: number;
}

/** The child's commands. The first is `lock`; the others need a recipe. */
export type ShipCommand =
  | { readonly type: 'lock'; readonly request: ShipRequest }
  | { readonly type: 'put' | 'digest' | 'read' | 'remove'; readonly key: string }
  | { readonly type: 'write'; readonly key: string; readonly text: string }
  | { readonly type: 'list' | 'sweep'; readonly prefix: string };

/** A JSON line on the child's standard input. Commands may overlap. */
export type ShipMessage =
  | ({ readonly id: number } & ShipCommand)
  /** Ends the command of that number. */
  | { readonly id: number; readonly type: 'abort' };

/** A JSON line on its standard output: the end of a command. */
export interface ShipReply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: WireError;
}
