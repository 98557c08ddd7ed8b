import { startCeph } from './ceph';

/** Once for all files: they find it by `ceph()`. */
export default async function setUp(): Promise<void> {
  const { info, stop } = await startCeph();
  process.env['OFFSITE_CEPH'] = JSON.stringify(info);
  (globalThis as { stopCeph?: () => Promise<void> }).stopCeph = stop;
}
