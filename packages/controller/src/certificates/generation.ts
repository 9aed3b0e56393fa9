import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { DecodeError } from "@heraldlb/net";

/** One of the key pairs that an authority signs with in the course of years, with its certificate. */
export interface Generation {
  /** PEM. */
  readonly cert: string;
  /** PKCS #8 in PEM. */
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Understands a generation that somebody has stored. `name` is what errors call it. @throws DecodeError */
export function readGeneration(name: string, { cert, key }: Pick<Generation, "cert" | "key">): Generation {
  const certificate = parseCertificate(`${name}.crt`, cert);
  const privateKey = parseKey(`${name}.key`, key);
  if (!certificate.ca) throw new DecodeError("malformed", `${name}.crt is no authority's certificate`);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new DecodeError("malformed", `${name}.key is not the key of ${name}.crt`);
  }
  if (!isP256(privateKey)) throw new DecodeError("unsupported", `${name}.key is no ECDSA key on the curve P-256`);
  return { cert, key, ...validity(certificate) };
}

/** Whether a key is of the only kind that is used here: ECDSA on the curve P-256. */
export function isP256({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  return asymmetricKeyType === "ec" && asymmetricKeyDetails?.namedCurve === "prime256v1";
}

/** From when until when a certificate is valid, in milliseconds since 1970. */
export function validity({ validFrom, validTo }: X509Certificate): Pick<Generation, "notBefore" | "notAfter"> {
  return { notBefore: Date.parse(validFrom), notAfter: Date.parse(validTo) };
}

/** The certificates in a text, each in PEM with a line end. @throws DecodeError if there is none, or a broken one */
export function readCertificates(name: string, text: string): string[] {
  const all = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  if (!all) throw new DecodeError("malformed", `${name} holds no certificate in PEM form`);
  for (const each of all) parseCertificate(name, each);
  return all.map((each) => `${each}\n`);
}

function parseCertificate(name: string, pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new DecodeError("malformed", `${name} holds no certificate in PEM form`, { cause });
  }
}

function parseKey(name: string, pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause might show a part of the key.
    throw new DecodeError("malformed", `${name} holds no private key in PEM form`);
  }
}
