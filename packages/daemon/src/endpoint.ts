import { isIP, isIPv4, isIPv6 } from "node:net";

/** Where to listen, or whom to reach. `host` is an IP address without brackets, or a name. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Reads "127.0.0.1:9120" or "[::]:7600"; undefined unless the host is an IP address. Port 0 is one. */
export function parseAddressPort(text: string): Endpoint | undefined {
  const endpoint = split(text);
  return endpoint && isIP(endpoint.host) !== 0 ? endpoint : undefined;
}

/** Reads "herald.example:7600" or an address as above; undefined if it is neither, or the port is 0. */
export function parseHostPort(text: string): Endpoint | undefined {
  const endpoint = split(text);
  if (!endpoint || endpoint.port === 0) return undefined;
  const { host } = endpoint;
  return isIP(host) !== 0 || (isName(host) && !/^[\d.]+$/.test(host)) ? endpoint : undefined;
}

/** Whether only this machine can reach it. */
export function isLoopback({ host }: Endpoint): boolean {
  return (isIPv4(host) && host.startsWith("127.")) || host === "::1";
}

/** Writes what `parseAddressPort` and `parseHostPort` read. */
export const formatEndpoint = ({ host, port }: Endpoint): string => `${isIPv6(host) ? `[${host}]` : host}:${port}`;

/**
 * Where a server is to listen, for `net.Server.listen`. "::" is left out, which is the same to Node, but that it listens to
 * IPv4 where the kernel has no IPv6.
 */
export const listenOptions = ({ host, port }: Endpoint): Partial<Endpoint> =>
  host === "::" ? { port } : { host, port };

function split(text: string): Endpoint | undefined {
  const [, bracketed, bare, digits] = /^(?:\[([^[\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? bare;
  const port = Number(digits);
  if (host === undefined || port > 65_535 || (bracketed !== undefined && !isIPv6(bracketed))) return undefined;
  return { host, port };
}

const isName = (text: string): boolean =>
  text.length <= 253 && text.split(".").every((label) => /^(?!-)[A-Za-z0-9_-]{1,63}(?<!-)$/.test(label));
