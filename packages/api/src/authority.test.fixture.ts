import "reflect-metadata";
import { Buffer } from "node:buffer";
import { webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  cryptoProvider,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { TlsMaterial } from "./security.ts";

// Its types are the DOM's, which are not loaded here.
cryptoProvider.set(webcrypto as never);

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A certificate authority made for one test file. */
export interface Authority {
  /** Its own certificate. */
  readonly ca: string;
  /** A certificate signed by it, for these names; the common name is the first. Good for a year unless told. */
  issue(names: readonly string[], notAfter?: Date): Promise<TlsMaterial>;
}

const HOUR_MS = 3_600_000;
// OpenSSL asks a coarser clock, which may be in the second before for some milliseconds.
const anHourAgo = () => new Date(Date.now() - HOUR_MS);

export async function createAuthority(name: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const ca: X509Certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    notBefore: anHourAgo(),
    signingAlgorithm: ALGORITHM,
    extensions: [new BasicConstraintsExtension(true)],
  });
  return {
    ca: ca.toString("pem"),
    async issue(names, notAfter) {
      const own = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
      const certificate = await X509CertificateGenerator.create({
        subject: `CN=${names[0]}`,
        issuer: ca.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        notBefore: notAfter ? new Date(notAfter.getTime() - HOUR_MS) : anHourAgo(),
        ...(notAfter && { notAfter }),
        extensions: [
          new SubjectAlternativeNameExtension(
            names.map((value) => ({ type: /^[\d.]+$|:/.test(value) ? "ip" : "dns", value })),
          ),
        ],
      });
      const key = await webcrypto.subtle.exportKey("pkcs8", own.privateKey);
      return { cert: certificate.toString("pem"), key: pem("PRIVATE KEY", key), ca: ca.toString("pem") };
    },
  };
}

const pem = (label: string, der: ArrayBuffer): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString("base64")}\n-----END ${label}-----\n`;
