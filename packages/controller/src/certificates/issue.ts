import "reflect-metadata";
import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  webcrypto,
  X509Certificate,
} from "node:crypto";
import { isIP } from "node:net";
import { DecodeError } from "@heraldlb/net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate as X509CertificateDer,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { type Generation, isP256, validity } from "./generation.ts";

/** A certificate with its key, in PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Who a certificate is for, and how long. */
interface Lease {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly lifetimeMs: number;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
// Clocks differ: what was valid only from this moment on, another machine might still refuse.
const SKEW_MS = 5 * 60_000;
// RFC 5280, appendix A.1: ub-common-name.
const LONGEST_COMMON_NAME = 64;
const NODE_NAME = /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** Makes an authority's next generation. Its name is unlike any other's, so that nothing mixes up their signatures. */
export async function createGeneration({ now, lifetimeMs }: Lease): Promise<Generation> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...{ name: `CN=herald-ca ${randomBytes(4).toString("hex")}`, keys, signingAlgorithm: ALGORITHM },
    ...dates({ now, lifetimeMs }, Number.POSITIVE_INFINITY),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const cert = toPem(certificate);
  return { cert, key: await exportKey(keys.privateKey), ...validity(new X509Certificate(cert)) };
}

/** Makes a server's key and certificate for these DNS names and IP addresses, at least one. */
export async function issueServer(
  generation: Generation,
  { names, ...lease }: Lease & { readonly names: readonly string[] },
): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const publicKey = new Uint8Array(await webcrypto.subtle.exportKey("spki", keys.publicKey));
  const cert = await issue(generation, { ...lease, publicKey, names, usages: [ExtendedKeyUsage.serverAuth] });
  return { cert, key: await exportKey(keys.privateKey) };
}

/**
 * Makes a node's client certificate, in PEM, for a public key given as SubjectPublicKeyInfo in DER.
 *
 * @throws DecodeError for what is no such key (ECDSA on the curve P-256) or cannot be the name of a Node
 */
export async function issueClient(
  generation: Generation,
  { publicKey, node, ...lease }: Lease & { readonly publicKey: Uint8Array; readonly node: string },
): Promise<string> {
  if (!NODE_NAME.test(node)) throw new DecodeError("malformed", "no node's name: it must be a DNS subdomain");
  if (!isP256(parsePublicKey(publicKey))) {
    throw new DecodeError("unsupported", "the public key is not an ECDSA key on the curve P-256");
  }
  // The speaker serves its metrics with it, too.
  const usages = [ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth];
  return issue(generation, { ...lease, publicKey, names: [node], usages });
}

async function issue(
  generation: Generation,
  {
    publicKey,
    names,
    usages,
    ...lease
  }: Lease & {
    readonly publicKey: Uint8Array;
    readonly names: readonly string[];
    readonly usages: readonly ExtendedKeyUsage[];
  },
): Promise<string> {
  const issuer = new X509CertificateDer(generation.cert);
  const [name = ""] = names;
  // RFC 5280, section 4.2.1.6: without a subject the alternative names are critical.
  const isNamed = name.length <= LONGEST_COMMON_NAME;
  const certificate = await X509CertificateGenerator.create({
    // As JSON, for a string would have to be escaped.
    subject: isNamed ? [{ CN: [name] }] : [],
    issuer: issuer.subjectName,
    ...dates(lease, generation.notAfter),
    ...{
      publicKey: new Uint8Array(publicKey),
      signingKey: await importKey(generation.key),
      signingAlgorithm: ALGORITHM,
    },
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([...usages]),
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })),
        !isNamed,
      ),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
      await SubjectKeyIdentifierExtension.create(new Uint8Array(publicKey)),
    ],
  });
  return toPem(certificate);
}

/** X.509 counts seconds. */
function dates({ now, lifetimeMs }: Lease, latest: number): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(now - SKEW_MS), notAfter: new Date(Math.min(now + lifetimeMs, latest)) };
}

function parsePublicKey(der: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: der as never, format: "der", type: "spki" });
  } catch (cause) {
    throw new DecodeError("malformed", "the public key is no SubjectPublicKeyInfo in DER", { cause });
  }
}

function importKey(pem: string) {
  const der = createPrivateKey(pem).export({ format: "der", type: "pkcs8" });
  return webcrypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}

const toPem = (certificate: X509CertificateDer): string => `${certificate.toString("pem")}\n`;
