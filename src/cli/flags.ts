import type { StoreFlags } from './store-option.js';

// The options of each command, as commander reads them.

export interface CreateFlags {
  readonly ifDue?: boolean;
  readonly label?: string;
}

export interface ListFlags extends StoreFlags {
  readonly remote?: boolean;
  readonly allHosts?: boolean;
  readonly last?: number;
  readonly problems?: boolean;
}

export interface VerifyFlags {
  readonly remote?: boolean;
  readonly all?: boolean;
  readonly level?: 'hash' | 'quick' | 'full' | 'drill';
  readonly assert?: readonly string[];
}

export interface RestoreFlags {
  readonly to?: string;
}

export interface PruneFlags {
  readonly dryRun?: boolean;
}

export interface ProtectFlags {
  readonly off?: boolean;
}
