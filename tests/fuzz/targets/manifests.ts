import assert from 'node:assert/strict';
import fs from 'node:fs';
import fc from 'fast-check';
import { manifestName } from '#dist/catalog/backup-name.js';
import { NAMING } from '../../support/planted-backups';
import { spoilt, WHOLE } from '../../support/spoilt-manifests';
import { chance, mutateText, pick, upTo } from '../mutate';
import { codesOf, openShop } from '../place';
import { answerOf } from '../target';
import type { TargetModule } from '../target';

interface Input {
  /** What stands in the place of the manifest: a text, bytes that are none, or something that is no file. */
  readonly manifest: string;
  readonly as: 'text' | 'bytes' | 'link' | 'folder' | 'none';
  /** What happens to the backup itself. */
  readonly damage: 'none' | 'cut' | 'header' | 'emptied';
  readonly level: 'hash' | 'quick' | 'full' | 'drill' | 'none';
}

const WORDS = [
  '"protected":true',
  '"name":',
  '"sha256":"',
  '{"a":'.repeat(500),
  '['.repeat(5_000),
  'null',
  '1e999',
  '"copy":{}',
];

/** Manifests that nobody of this package has written, beside a backup that may be damaged. */
export const manifests: TargetModule<Input> = {
  invariant:
    'whatever a manifest holds: the folder is listed, has a status and a pruning that removes nothing it may not; a damaged backup is never called verified, and no manifest is read through a link',
  async start(folder) {
    const shop = await openShop(folder);
    const { service, backup } = shop;
    const bytes = fs.readFileSync(backup.path);
    const manifest = shop.file(manifestName(NAMING, backup.name));
    const own = fs.readFileSync(manifest, 'utf8');

    const plant = ({ manifest: text, as, damage }: Input): void => {
      fs.rmSync(manifest);
      if (as === 'text') fs.writeFileSync(manifest, text.replaceAll(WHOLE.name, backup.name));
      if (as === 'bytes') fs.writeFileSync(manifest, Buffer.from(text, 'latin1'));
      if (as === 'folder') fs.mkdirSync(manifest);
      if (as === 'link') {
        fs.writeFileSync(`${shop.outside}/secret.json`, own.replace('Shop.remove', 'OUTSIDE'));
        fs.symlinkSync(`${shop.outside}/secret.json`, manifest);
      }
      if (damage === 'cut') fs.truncateSync(backup.path, bytes.length - 512);
      if (damage === 'header') fs.writeFileSync(backup.path, Buffer.concat([Buffer.alloc(16, 7), bytes.subarray(16)]));
      if (damage === 'emptied') fs.writeFileSync(backup.path, Buffer.alloc(bytes.length));
    };

    return {
      make(random, old) {
        const text = old && chance(random, 0.5) ? old.manifest : chance(random, 0.3) ? own : sampled(random);
        return {
          manifest: chance(random, 0.5) ? mutateText(random, text, WORDS) : text,
          as: pick(random, ['text', 'text', 'text', 'text', 'text', 'bytes', 'link', 'folder', 'none']),
          damage: pick(random, ['none', 'cut', 'header', 'emptied']),
          // A child each: the listing is what most of them are for.
          level: chance(random, 0.8) ? 'none' : pick(random, ['hash', 'quick', 'full', 'drill']),
        };
      },
      async check(input) {
        shop.reset();
        plant(input);
        const listed = await service.listBackups();
        assert.deepEqual(listed.map(({ name }) => name), [backup.name]); // prettier-ignore
        const [first] = listed;
        assert.ok(!JSON.stringify(listed).includes('OUTSIDE'), 'a manifest was read through a link');
        assert.ok(first!.createdAt.getTime() > 0 && first!.sizeBytes >= 0);
        const status = await service.status();
        JSON.stringify(status);
        // The only one: whatever it says of itself.
        assert.deepEqual((await service.pruneBackups({ dryRun: true })).removed, []);
        service.shouldBackup();
        const seen = [first!.problem === undefined ? 'believed' : 'problem', String(first!.protected), codesOf(status)];
        if (input.level === 'none') return seen.join(' ');

        const { level } = input;
        const answer = await answerOf(
          () => service.verifyBackup(backup.name, { level }),
          ({ ok }) => {
            assert.ok(!ok || input.damage === 'none', `a damaged backup (${input.damage}) was verified`);
            return `${level} ${ok}`;
          },
        );
        if (input.damage !== 'none') {
          const [now] = await service.listBackups();
          assert.ok(
            now!.lastVerification?.ok !== true || input.manifest.includes('"ok"'),
            'it is on record as verified',
          );
        }
        return `${seen.join(' ')}, ${answer}`;
      },
    };

    function sampled(random: () => number): string {
      return fc.sample(spoilt, { numRuns: 1, seed: upTo(random, 2 ** 31) })[0]!;
    }
  },
};
