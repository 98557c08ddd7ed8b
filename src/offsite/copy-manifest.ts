import { parseManifest } from '../catalog/manifest.js';
import type { Manifest } from '../catalog/manifest.js';

/** The manifest beside a copy: that of the backup, and what became of it on its way. Put last: with it the copy counts. */
export interface CopyManifest extends Manifest {
  readonly copy: {
    /** The file name of the object. */
    readonly object: string;
    readonly host?: string;
    /** Of the object, as it is stored: compressed and encrypted. */
    readonly sizeBytes: number;
    readonly sha256: string;
    readonly compress?: 'gzip' | 'zstd';
    /** The age recipients (public keys) that it is encrypted to. */
    readonly recipients?: readonly string[];
    readonly shippedAt: string;
  };
}

/** The manifest in `text`, or `undefined` if it isn't that of a copy. */
export function parseCopyManifest(text: string): CopyManifest | undefined {
  const manifest = parseManifest(text) as Partial<CopyManifest> | undefined;
  const copy = manifest?.copy as Partial<Record<keyof CopyManifest['copy'], unknown>> | null | undefined;
  const whole =
    typeof copy === 'object' &&
    copy !== null &&
    typeof copy.object === 'string' &&
    typeof copy.sizeBytes === 'number' &&
    typeof copy.sha256 === 'string' &&
    typeof copy.shippedAt === 'string' &&
    [undefined, 'gzip', 'zstd'].includes(copy.compress as string | undefined) &&
    (copy.recipients === undefined || Array.isArray(copy.recipients));
  return whole ? (manifest as CopyManifest) : undefined;
}
