import crypto from 'node:crypto';

/** What came of an action, in known words. Names are those of backups. */
export interface Flash {
  readonly done: FlashKind;
  readonly name?: string | undefined;
  /** How many backups it was done with, and how many it failed with. */
  readonly count?: number | undefined;
  readonly failed?: number | undefined;
  /** The code of an error. */
  readonly code?: string | undefined;
}

export type FlashKind =
  | 'created'
  | 'verified'
  | 'unsound'
  | 'protected'
  | 'unprotected'
  | 'deleted'
  | 'deletedSome'
  | 'protectedSome'
  | 'unprotectedSome'
  | 'failedSome'
  | 'pulled'
  | 'uploaded'
  | 'uploadedBefore'
  | 'nothingSent'
  | 'sayWhen'
  | 'nothingChosen'
  | 'cancelled'
  | 'busy'
  | 'confirmation'
  | 'error';

/**
 * Messages about what came of an action, kept here for one view each. The address has only the number of one, which nobody can
 * guess, and only the browser that did it sees it: a link can't make one up, and "Back" doesn't bring one again.
 */
export interface FlashStore {
  /** @returns its number, for the address */
  put(viewer: string, flash: Flash): string;
  /**
   * @param look `'new'`: somebody opens the page, which uses the message up; `'same'`: a page that shows it renews itself, and goes on
   *   showing it; `'other'`: a page renews itself that does not show it
   */
  take(id: string | undefined, viewer: string | undefined, look: Look): Flash | undefined;
}

export type Look = 'new' | 'same' | 'other';

/** Each is a few words; those that nobody came for go first. */
const MAX = 200;

export function createFlashStore(max = MAX): FlashStore {
  const kept = new Map<string, { readonly viewer: string; readonly flash: Flash; shown: boolean }>();
  return {
    put(viewer, flash) {
      const id = crypto.randomBytes(12).toString('base64url');
      kept.set(id, { viewer, flash, shown: false });
      if (kept.size > max) kept.delete(kept.keys().next().value!);
      return id;
    },
    take(id, viewer, look) {
      const entry = id === undefined ? undefined : kept.get(id);
      if (!entry || entry.viewer !== viewer || look === 'other' || entry.shown !== (look === 'same')) return undefined;
      entry.shown = true;
      return entry.flash;
    },
  };
}
