import type { Readable } from 'node:stream';

export function called(method: string): void;
export function createInvoice(
  invoice: { customer: string; total: number },
  user: string,
): { id: number; customer: string; total: number; user: string };
export function removeInvoice(id: number | string): boolean;
export function countInvoices(): { count: number };
export function reportStream(): Readable;
export function announce(port: number): void;
export const backupOptions: { database: string; directory: string; recheckInterval: number };
export const serviceFromContainer: boolean;
