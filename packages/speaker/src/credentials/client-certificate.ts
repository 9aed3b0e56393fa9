import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";

/** A key that a certificate is to be asked for. */
export interface NewKey {
  /** PEM. */
  readonly key: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
}

/** A certificate for dialling, and until when it is good. */
export interface ClientCertificate {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** When half of its life is over, in ms since 1970. */
  readonly renewAt: number;
  /** In ms since 1970. */
  readonly expiresAt: number;
}

/** Makes an ECDSA key on P-256. */
export function createKey(): NewKey {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKey: publicKey.export({ type: "spki", format: "der" }),
  };
}

/** Reads a certificate and its key. @throws Error if they are none, do not fit, or are not the node's */
export function readClientCertificate(cert: string, key: string, node: string): ClientCertificate {
  const certificate = new X509Certificate(cert);
  if (!certificate.checkPrivateKey(createPrivateKey(key))) throw new Error("the certificate is not that of the key");
  if (certificate.checkHost(node) === undefined) throw new Error(`the certificate is not that of ${node}`);
  const [from, to] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
  return { cert, key, renewAt: from + (to - from) / 2, expiresAt: to };
}
