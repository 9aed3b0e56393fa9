import "reflect-metadata";
import { Buffer } from "node:buffer";
import { webcrypto } from "node:crypto";
import { cryptoProvider, X509CertificateGenerator } from "@peculiar/x509";
import type { TlsContents } from "./tls-files.ts";

// Its types are the DOM's, which are not loaded here.
cryptoProvider.set(webcrypto as never);

/** The first and last moment, in ms since 1970, at which a certificate made here is valid. */
export const VALID: { readonly from: number; readonly to: number } = {
  from: Date.UTC(2026, 0, 1),
  to: Date.UTC(2027, 0, 1),
};

/** A self-signed certificate, which is its own authority. */
export async function createCertificate(): Promise<TlsContents> {
  const signingAlgorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=node-a",
    notBefore: new Date(VALID.from),
    notAfter: new Date(VALID.to),
    keys,
    signingAlgorithm,
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const cert = certificate.toString("pem");
  return { cert, key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`, ca: cert };
}
