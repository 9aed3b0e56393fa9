import "reflect-metadata";
import { randomUUID, webcrypto } from "node:crypto";
import type { TlsMaterial } from "@heraldlb/api";
import {
  BasicConstraintsExtension,
  cryptoProvider,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { createKey } from "./client-certificate.ts";

// Its types are the DOM's, which are not loaded here.
cryptoProvider.set(webcrypto as never);

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Between which times a certificate is good, in ms since 1970. */
export interface Life {
  readonly from: number;
  readonly to: number;
}

/** An authority made for the test. */
export interface Authority {
  readonly ca: string;
  /** Certifies a key (SubjectPublicKeyInfo, DER) for a DNS name. */
  sign(publicKey: Uint8Array, name: string, life?: Life): Promise<string>;
  /** A certificate with its key. */
  issue(name: string): Promise<TlsMaterial>;
}

const DAY_MS = 86_400_000;

export async function createAuthority(): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const ca = await X509CertificateGenerator.createSelfSigned({
    // OpenSSL takes authorities of one name for one authority.
    ...{ name: `CN=test authority ${randomUUID()}`, keys, signingAlgorithm: ALGORITHM },
    // OpenSSL asks a coarser clock, which may be in the second before for some milliseconds.
    notBefore: new Date(Date.now() - 3_600_000),
    extensions: [new BasicConstraintsExtension(true)],
  });
  const sign: Authority["sign"] = async (publicKey, name, { from, to } = newLife()) => {
    const certificate = await X509CertificateGenerator.create({
      ...{ subject: `CN=${name}`, issuer: ca.subject, signingKey: keys.privateKey, signingAlgorithm: ALGORITHM },
      ...{ publicKey: new Uint8Array(publicKey), notBefore: new Date(from), notAfter: new Date(to) },
      extensions: [new SubjectAlternativeNameExtension([{ type: "dns", value: name }])],
    });
    return certificate.toString("pem");
  };
  return {
    ca: ca.toString("pem"),
    sign,
    async issue(name) {
      const { key, publicKey } = createKey();
      return { cert: await sign(publicKey, name), key, ca: ca.toString("pem") };
    },
  };
}

const newLife = (): Life => ({ from: Date.now() - DAY_MS / 2, to: Date.now() + DAY_MS });
