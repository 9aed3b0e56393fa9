import type { TLSSocket } from "node:tls";
import { StreamError } from "./stream-error.ts";

/** What one end of a mutually authenticated connection needs, as PEM text. */
export interface TlsMaterial {
  /** Its own certificate, followed by intermediate ones if any. */
  readonly cert: string;
  /** The key of that certificate. */
  readonly key: string;
  /** The authorities by one of which the other end's certificate must be signed. */
  readonly ca: string;
}

/** How a connection is protected: by TLS 1.3 with certificates on both ends, or not at all. */
export type Security = "insecure" | TlsMaterial;

/** Who is at the other end of a server's stream. */
export interface Peer {
  /** Its IP address; an IPv4 address is never written as an IPv6 one. */
  readonly address: string;
  readonly port: number;
  /** The common name and DNS names of its verified certificate; undefined without TLS: it may be anybody. */
  readonly certificateNames: readonly string[] | undefined;
}

/** Refuses a peer whose certificate does not bear the node's name. @throws StreamError `permissionDenied` */
export function assertPeerIsNode({ certificateNames }: Peer, node: string): void {
  if (certificateNames === undefined || certificateNames.includes(node)) return;
  throw new StreamError(
    "permissionDenied",
    `the certificate is that of ${certificateNames.join(", ") || "nobody"}, not of node ${node}`,
  );
}

/** The common name and the DNS names of the certificate that the other end has proved to be its own. */
export function certificateNames(socket: TLSSocket): string[] {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return [];
  return [...new Set([...commonNames(certificate.subject), ...dnsNames(certificate.subjectAltName ?? "")])];
}

/** `subject` is one attribute a line, with control characters escaped. */
function commonNames(subject: string): string[] {
  return subject
    .split("\n")
    .filter((line) => line.startsWith("CN="))
    .map((line) => line.slice("CN=".length));
}

/**
 * The DNS names in Node's text form of a subject alternative name, "DNS:a, IP Address:::1".
 *
 * Node writes a value that could be mistaken for several as a JSON string (CVE-2021-44532); no node is called so.
 */
export function dnsNames(subjectAltName: string): string[] {
  const entries = subjectAltName.matchAll(/([^:,]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy);
  return Array.from(entries)
    .filter(([, type, value]) => type === "DNS" && value !== undefined && !value.startsWith('"'))
    .map(([, , value]) => value as string);
}
