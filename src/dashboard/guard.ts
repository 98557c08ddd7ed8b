import net from 'node:net';
import type { DashboardRights } from './options.js';

// Pure decisions about who may pass.

export type Rights = Readonly<Record<keyof Required<DashboardRights>, boolean>>;
export type Right = keyof Rights;

export const NO_RIGHTS: Rights = {
  view: false,
  create: false,
  download: false,
  delete: false,
  restore: false,
  health: false,
  browse: false,
  recover: false,
};

/** Reads the answer of `authorize()` strictly: a right is given only by `true`. `undefined` if it gives none. */
export function readRights(value: unknown): Rights | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const given = value as Record<string, unknown>;
  const names = Object.keys(NO_RIGHTS) as Right[];
  const rights = Object.fromEntries(names.map((name) => [name, given[name] === true])) as Rights;
  return names.some((name) => rights[name]) ? rights : undefined;
}

/** Who that is, if `authorize()` says so. */
export function readPerson(value: unknown): string | undefined {
  const { name } = value as { readonly name?: unknown };
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/**
 * Is this the name of a host that the dashboard is served under? A page on the Internet can let its own name point to this
 * machine (DNS rebinding); its requests then carry that name. An address or localhost it cannot take over.
 *
 * @param header the Host header; where there is none, the request did not come through a browser's HTTP/1
 */
export function isKnownHost(header: string | null, hosts: ReadonlySet<string>): boolean {
  if (header === null) return true;
  const name = hostName(header);
  if (name === undefined) return false;
  const address = name.replace(/^\[(.*)\]$/, '$1');
  return net.isIP(address) !== 0 || name === 'localhost' || name.endsWith('.localhost') || hosts.has(name);
}

/**
 * Did a page of another site send this? By Sec-Fetch-Site, which every browser sends to https and localhost; else by
 * Origin, which browsers send with every POST. A request with neither comes from no browser, and so carries no login
 * that its user did not put there.
 */
export function isCrossSite({ headers, url }: Request, hosts: ReadonlySet<string>): boolean {
  const origin = headers.get('origin');
  const host = headers.get('host') ?? new URL(url).host;
  const site = headers.get('sec-fetch-site');
  if (origin !== null && !isOwnOrigin(origin, host, hosts)) {
    // A proxy may have changed the Host header; what the browser says of the origin is then what counts.
    return site !== 'same-origin';
  }
  return site !== null && site !== 'same-origin' && site !== 'none';
}

function isOwnOrigin(origin: string, host: string, hosts: ReadonlySet<string>): boolean {
  if (!URL.canParse(origin)) return false;
  const { host: originHost, hostname, port } = new URL(origin);
  if (originHost === withoutDefaultPort(origin, host)) return true;
  // A proxy has changed the Host header: then a name in `hosts` is ours. But the same name with another port is another
  // site: another program listens there.
  return port === '' && hosts.has(hostname) && hostName(host) !== hostname;
}

/** URL drops `:443` of an https origin and `:80` of an http one; a Host header may have it. */
function withoutDefaultPort(origin: string, host: string): string {
  return host.toLowerCase().replace(origin.startsWith('https:') ? /:443$/ : /:80$/, '');
}

function hostName(header: string): string | undefined {
  // A regular expression, since URL parses "evil.com/@localhost" in a surprising way.
  const match = /^(\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i.exec(header);
  return match?.[1]!.toLowerCase();
}
