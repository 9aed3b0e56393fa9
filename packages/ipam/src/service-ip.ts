import { type Ip, parseUnmappedIp } from "@heraldlb/net";

/**
 * Reads an address that stands in a Service. As in Kubernetes (Go's `net.ParseIP`), an IPv4-mapped IPv6 address is the
 * IPv4 address in it. Undefined: it is none.
 */
export function parseServiceIp(text: string): Ip | undefined {
  return parseUnmappedIp(text);
}
