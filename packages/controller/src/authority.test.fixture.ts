import "reflect-metadata";
import { webcrypto } from "node:crypto";
import type { TlsMaterial } from "@heraldlb/api";
import {
  BasicConstraintsExtension,
  cryptoProvider,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

// Its types are the DOM's, which are not loaded here.
cryptoProvider.set(webcrypto as never);

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Issues certificates that are signed by one authority, made for the test. */
export interface Authority {
  /** For a DNS name or an IPv4 address, which is the common name too. */
  issue(name: string): Promise<TlsMaterial>;
}

/** Makes an authority. */
export async function createAuthority(): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  // OpenSSL asks a coarser clock, which may be in the second before for some milliseconds.
  const notBefore = new Date(Date.now() - 3_600_000);
  const ca = await X509CertificateGenerator.createSelfSigned({
    ...{ name: "CN=test authority", keys, signingAlgorithm: ALGORITHM, notBefore },
    extensions: [new BasicConstraintsExtension(true)],
  });
  return {
    async issue(name) {
      const own = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
      const type = /^[\d.]+$/.test(name) ? "ip" : "dns";
      const certificate = await X509CertificateGenerator.create({
        ...{ subject: `CN=${name}`, issuer: ca.subject, signingAlgorithm: ALGORITHM, notBefore },
        ...{ publicKey: own.publicKey, signingKey: keys.privateKey },
        extensions: [new SubjectAlternativeNameExtension([{ type, value: name }])],
      });
      const key = await webcrypto.subtle.exportKey("pkcs8", own.privateKey);
      return {
        cert: certificate.toString("pem"),
        key: PemConverter.encode(key, "PRIVATE KEY"),
        ca: ca.toString("pem"),
      };
    },
  };
}
