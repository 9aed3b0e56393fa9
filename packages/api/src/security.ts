import type { TLSSocket } from "node:tls";
import { MAX_TOKEN_BYTES } from "./limits.ts";

/** What one end of a mutually authenticated connection needs, as PEM text. */
export interface TlsMaterial {
  /** Its own certificate, followed by intermediate ones if any. */
  readonly cert: string;
  /** The key of that certificate. */
  readonly key: string;
  /** The authorities by one of which the other end's certificate must be signed. */
  readonly ca: string;
}

/** How a server's connections are protected: by TLS 1.3, or not at all. */
export type Security = "insecure" | TlsMaterial;

/** What a client shows and accepts. */
export interface ClientTls {
  /** The authorities by one of which the server's certificate must be signed: PEM. */
  readonly ca: string;
  /** Its own certificate, and intermediate ones if any: PEM. With `key`, or not at all. */
  readonly cert?: string | undefined;
  /** The key of that certificate: PEM. */
  readonly key?: string | undefined;
  /** A bearer token that says who it is, to be shown with the call. */
  readonly token?: string | undefined;
}

/** How a client's connection is protected: by TLS 1.3, or not at all. Nobody is shown a token without TLS. */
export type ClientSecurity = "insecure" | ClientTls;

/** Whom a server lets in by TLS: those with a certificate only, or those without one too, who may show a token. */
export type ClientCertificates = "required" | "optional";

/** Who is at the other end of a server's stream. */
export interface Peer {
  /** Its IP address; an IPv4 address is never written as an IPv6 one. */
  readonly address: string;
  readonly port: number;
  /** The common name and DNS names of its verified certificate; undefined without TLS: it may be anybody. With TLS, but
   * without a certificate, none: it has not said who it is. */
  readonly certificateNames: readonly string[] | undefined;
  /** The bearer token that came with the call, if it came by TLS. Not verified, and not to be logged. */
  readonly token?: string | undefined;
}

const TOKEN = /^[\x21-\x7e]+$/;

/** Whether a text can be shown as a bearer token: visible ASCII of at most {@link MAX_TOKEN_BYTES}. */
export const isBearerToken = (text: string): boolean => text.length <= MAX_TOKEN_BYTES && TOKEN.test(text);

/** The token in the values of an `authorization` field (RFC 6750 section 2.1); undefined if there is not exactly one. */
export function bearerToken(values: readonly unknown[]): string | undefined {
  const [value, ...others] = values;
  if (typeof value !== "string" || others.length > 0) return undefined;
  const [, token = ""] = /^Bearer (.*)$/i.exec(value) ?? [];
  return isBearerToken(token) ? token : undefined;
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
