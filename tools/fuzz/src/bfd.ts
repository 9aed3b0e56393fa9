import { type BfdControl, decodeControl, decodeEcho, encodeControl, encodeEcho } from "@heraldlb/bfd";
import type { Random } from "./random.ts";
import { judgeOf, type Target } from "./target.ts";

const packet: BfdControl = {
  diagnostic: 0,
  state: "up",
  isPoll: true,
  isFinal: false,
  isControlPlaneIndependent: false,
  isDemand: false,
  isMultipoint: false,
  multiplier: 3,
  myDiscriminator: 1,
  yourDiscriminator: 2,
  desiredMinTxUs: 300_000,
  requiredMinRxUs: 300_000,
  requiredMinEchoRxUs: 50_000,
};

const LENGTH_AT = 3;
const FLAGS_AT = 1;
const AUTHENTICATION_PRESENT = 0x04;
const AUTHENTICATION_AT = 24;

const control: Target = {
  name: "bfd",
  samples: [
    encodeControl(packet),
    encodeControl({
      ...packet,
      authentication: { type: "simplePassword", keyId: 1, password: Uint8Array.of(1, 2, 3) },
    }),
    encodeControl({
      ...packet,
      authentication: { type: "keyedMd5", keyId: 1, sequence: 9, digest: new Uint8Array(16) },
    }),
    encodeControl({
      ...packet,
      authentication: { type: "meticulousKeyedSha1", keyId: 1, sequence: 9, digest: new Uint8Array(20) },
    }),
    encodeControl({ ...packet, authentication: { type: "unknown", code: 99, value: Uint8Array.of(1, 2) } }),
  ],
  lengthFields: [LENGTH_AT, AUTHENTICATION_AT + 1],
  judge: judgeOf({ decode: decodeControl, encode: encodeControl }),
  repair: repairControl,
};

const echo: Target = {
  name: "bfd-echo",
  samples: [encodeEcho({ discriminator: 1, sequence: 2, key: new Uint8Array(8) })],
  lengthFields: [],
  judge: judgeOf({ decode: decodeEcho, encode: encodeEcho }),
  repair: (bytes, random) => {
    if (bytes.length >= 4 && random.below(4) > 0) bytes.set([0x48, 0x45, 0x42, 0x45]);
  },
};

/** What arrives of BFD. */
export const bfdTargets: readonly Target[] = [control, echo];

/** Makes it version 1 of the right length mostly, and has it authenticated often, so that the section is reached. */
function repairControl(bytes: Uint8Array, random: Random): void {
  if (bytes.length <= LENGTH_AT) return;
  bytes[0] = 0x20 | random.below(32);
  if (random.below(4) > 0) bytes[LENGTH_AT] = Math.min(bytes.length, 0xff);
  const flags = bytes[FLAGS_AT] ?? 0;
  bytes[FLAGS_AT] = random.below(2) === 0 ? flags | AUTHENTICATION_PRESENT : flags & ~AUTHENTICATION_PRESENT;
  if (bytes.length <= AUTHENTICATION_AT + 1 || random.below(4) === 0) return;
  bytes[AUTHENTICATION_AT] = random.below(8);
  if (random.below(2) === 0) bytes[AUTHENTICATION_AT + 1] = bytes.length - AUTHENTICATION_AT;
}
