import { Buffer } from "node:buffer";
import { generateKeyPairSync, randomBytes, sign, X509Certificate } from "node:crypto";

/** A certificate and its key, both PEM. Intermediate certificates may follow the certificate. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/**
 * A certificate that nobody vouches for, for a key made now (RFC 5280 section 4.1; ECDSA, P-256). It encrypts, and lets those
 * connect who do not verify, as a kubelet's probes. It does not expire.
 *
 * @param name its common name: printable ASCII, at most 64 characters
 */
export function createSelfSigned(name: string): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const named = sequence(set(sequence(COMMON_NAME, der(TAG.printableString, Buffer.from(name, "latin1")))));
  // A serial number is positive.
  const serial = der(TAG.integer, Buffer.from([1]), randomBytes(8));
  const content = sequence(
    ...[serial, ECDSA_WITH_SHA256, named, FOR_EVER, named],
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = der(TAG.bitString, Buffer.from([0]), sign("sha256", content, privateKey));
  return {
    cert: new X509Certificate(sequence(content, ECDSA_WITH_SHA256, signature)).toString(),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

const TAG = {
  integer: 0x02,
  bitString: 0x03,
  objectId: 0x06,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Distinguished encoding (X.690): a tag, the content's length, the content. */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const length = content.reduce((sum, part) => sum + part.length, 0);
  const sized = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...sized]), ...content]);
}

const sequence = (...content: readonly Uint8Array[]): Buffer => der(TAG.sequence, ...content);
const set = (...content: readonly Uint8Array[]): Buffer => der(TAG.set, ...content);

const ECDSA_WITH_SHA256 = sequence(der(TAG.objectId, Buffer.from("2a8648ce3d040302", "hex")));
const COMMON_NAME = der(TAG.objectId, Buffer.from("550403", "hex"));
// The second is how RFC 5280 writes that a certificate has no well-defined end.
const FOR_EVER = sequence(
  der(TAG.utcTime, Buffer.from("700101000000Z")),
  der(TAG.generalizedTime, Buffer.from("99991231235959Z")),
);
