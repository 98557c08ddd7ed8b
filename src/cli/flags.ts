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

export interface LogFlags {
  readonly limit: number;
  readonly before?: string;
}

export interface VerifyFlags {
  readonly remote?: boolean;
  readonly all?: boolean;
  readonly level?: 'hash' | 'quick' | 'full' | 'drill';
  readonly assert?: readonly string[];
}

export interface RestoreFlags {
  readonly to?: string;
  readonly whileWritten?: boolean;
}

export interface DiffFlags {
  readonly table?: readonly string[];
  readonly rows?: number;
  readonly html?: string;
}

export interface RecoverFlags {
  readonly table: string;
  readonly where?: string;
  readonly removed?: boolean;
  readonly dryRun?: boolean;
  readonly sql?: string;
  readonly related: boolean;
  readonly overwrite?: boolean;
  readonly skip?: boolean;
  readonly asNew?: boolean;
  readonly keep?: boolean;
  readonly triggers: boolean;
  readonly create?: boolean;
  readonly set?: readonly string[];
}

export interface QueryFlags {
  readonly csv?: boolean;
  readonly rows?: number;
}

export interface ImportFlags {
  readonly taken?: string;
  readonly label?: string;
}

export interface RunFlags {
  readonly assert?: readonly string[];
  readonly rehearse?: boolean;
  readonly env?: readonly string[];
  readonly restoreOnFailure?: boolean;
}

export interface PruneFlags {
  readonly dryRun?: boolean;
  readonly keepLast?: number;
  readonly keepWithin?: string;
  readonly keepDaily?: number;
  readonly keepWeekly?: number;
  readonly keepMonthly?: number;
  readonly keepYearly?: number;
}

export interface ProtectFlags {
  readonly off?: boolean;
}

export interface CheckFlags {
  readonly nagios?: boolean;
}
