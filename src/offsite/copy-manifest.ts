import { manifestRules } from '../catalog/manifest.js';
import type { Manifest } from '../catalog/manifest.js';
import { listOf, moment, oneOf, optional, parseJson, recordOf, text, whole, WRONG } from '../util/json-rules.js';

/** The manifest beside a copy: that of the backup, and what became of it on its way. Put last: with it the copy counts. */
export interface CopyManifest extends Manifest {
  readonly copy: {
    /** The file name of the object. */
    readonly object: string;
    readonly host?: string;
    /** The object as it is stored: compressed and encrypted. */
    readonly sizeBytes: number;
    readonly sha256: string;
    readonly compress?: 'gzip' | 'zstd';
    /** The age recipients (public keys) that it is encrypted to. */
    readonly recipients?: readonly string[];
    readonly shippedAt: string;
  };
}

const checkCopyManifest = recordOf<CopyManifest>({
  ...manifestRules,
  copy: recordOf<CopyManifest['copy']>({
    object: text(300),
    host: optional(text(255)),
    sizeBytes: whole(),
    sha256: text(64, /^[0-9a-f]{64}$/),
    compress: optional(oneOf(['gzip', 'zstd'])),
    recipients: optional(listOf(text(10_000), 1_000)),
    shippedAt: moment,
  }),
});

/**
 * The manifest of a copy of the backup `expectedName`, which its key tells, or `undefined` if the text isn't one. Unknown keys
 * are dropped: they come from elsewhere, and a pull would bring them in.
 */
export function parseCopyManifest(json: string, expectedName: string): CopyManifest | undefined {
  const manifest = checkCopyManifest(parseJson(json));
  return manifest === WRONG || manifest.name !== expectedName ? undefined : manifest;
}
