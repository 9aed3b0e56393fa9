import "reflect-metadata";
import { webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

// Its types are the DOM's, which are not loaded here.
cryptoProvider.set(webcrypto as never);

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const LIFETIME_MS = 365 * 24 * 3_600_000;
// Clocks that differ a little must not make a new certificate one of the future.
const LEEWAY_MS = 3_600_000;

/** A private key and what proves whose it is, both in PEM. */
export interface Certified {
  readonly cert: string;
  readonly key: string;
}

/** Whom a client certificate names: Kubernetes takes the common name for the user and organizations for groups. */
export interface User {
  readonly user: string;
  readonly groups?: readonly string[] | undefined;
}

/** A cluster's certificate authority. */
export interface Authority {
  /** Its own certificate, in PEM. */
  readonly ca: string;
  /** A server's certificate for these DNS names and addresses. */
  server(names: readonly string[]): Promise<Certified>;
  /** A client's certificate for this user. */
  client(user: User): Promise<Certified>;
}

/** A private key and its public key, both in PEM. */
export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

/** Makes a certificate authority that lives as long as this process. */
export async function createAuthority(name: string): Promise<Authority> {
  const keys = await generateKeys();
  const validity = { notBefore: new Date(Date.now() - LEEWAY_MS), notAfter: new Date(Date.now() + LIFETIME_MS) };
  const ca = await X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  const issue = async (
    subject: readonly Readonly<Record<string, readonly string[]>>[],
    usage: ExtendedKeyUsage,
    names: readonly string[] = [],
  ): Promise<Certified> => {
    const own = await generateKeys();
    const certificate = await X509CertificateGenerator.create({
      ...validity,
      subject: subject.map((part) =>
        Object.fromEntries(Object.entries(part).map(([type, values]) => [type, [...values]])),
      ),
      issuer: ca.subject,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new ExtendedKeyUsageExtension([usage]),
        ...(names.length > 0
          ? [
              new SubjectAlternativeNameExtension(
                names.map((value) => ({ type: isAddress(value) ? "ip" : "dns", value })),
              ),
            ]
          : []),
      ],
    });
    return { cert: certificate.toString("pem"), key: (await exportKeys(own)).privateKey };
  };
  return {
    ca: ca.toString("pem"),
    server: (names) => issue([{ CN: [names[0] ?? name] }], ExtendedKeyUsage.serverAuth, names),
    client: ({ user, groups = [] }) =>
      issue([...groups.map((group) => ({ O: [group] })), { CN: [user] }], ExtendedKeyUsage.clientAuth),
  };
}

/** Makes a pair of keys, as service accounts' tokens are signed and checked with. */
export async function createKeyPair(): Promise<KeyPair> {
  return exportKeys(await generateKeys());
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

async function exportKeys({ privateKey, publicKey }: webcrypto.CryptoKeyPair): Promise<KeyPair> {
  return {
    privateKey: PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", privateKey), "PRIVATE KEY"),
    publicKey: PemConverter.encode(await webcrypto.subtle.exportKey("spki", publicKey), "PUBLIC KEY"),
  };
}

function isAddress(name: string): boolean {
  return /^[\d.]+$|:/.test(name);
}
