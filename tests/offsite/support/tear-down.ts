export default async function tearDown(): Promise<void> {
  await (globalThis as { stopCeph?: () => Promise<void> }).stopCeph?.();
}
