import { type BfdControl, DIAGNOSTIC, encodeControl } from "@heraldlb/bfd";
import { ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import { type Ipv4, ipToBytes, type Mac, Writer } from "@heraldlb/net";
import { beforeAll, describe, expect, test } from "vitest";
import { type Dissection, dissect } from "./tshark.ts";

const PLAIN: BfdControl = {
  diagnostic: DIAGNOSTIC.none,
  state: "down",
  isPoll: false,
  isFinal: false,
  isControlPlaneIndependent: false,
  isDemand: false,
  isMultipoint: false,
  multiplier: 3,
  myDiscriminator: 0x01020304,
  yourDiscriminator: 0,
  desiredMinTxUs: 1_000_000,
  requiredMinRxUs: 300_000,
  requiredMinEchoRxUs: 50_000,
};

const up: BfdControl = { ...PLAIN, state: "up", yourDiscriminator: 0xfffe_fdfc };

const CASES: Readonly<Record<string, BfdControl>> = {
  "the first packet of a session": PLAIN,
  "a session that begins": { ...PLAIN, state: "init", yourDiscriminator: 5 },
  "a poll": { ...up, isPoll: true, desiredMinTxUs: 10_000 },
  "the answer to a poll": { ...up, isFinal: true, multiplier: 255 },
  "an administrative end": { ...up, state: "adminDown", diagnostic: DIAGNOSTIC.administrativelyDown },
  "a detection": { ...PLAIN, diagnostic: DIAGNOSTIC.controlDetectionTimeExpired },
  "a peer of another make": { ...up, isControlPlaneIndependent: true, isDemand: true },
  "a simple password": {
    ...up,
    authentication: { type: "simplePassword", keyId: 2, password: new TextEncoder().encode("secret") },
  },
  "a keyed SHA1": {
    ...up,
    authentication: { type: "keyedSha1", keyId: 3, sequence: 77, digest: new Uint8Array(20).fill(0xab) },
  },
};

describe("what we encode of BFD, tshark reads as we mean it", () => {
  const names = Object.keys(CASES);
  let dissected: readonly Dissection[];

  beforeAll(async () => {
    dissected = await dissect(Object.values(CASES).map((packet) => frame(encodeControl(packet))));
  });

  test.each(names)("%s", (name) => {
    const seen = dissected[names.indexOf(name)] as Dissection;
    const expected = fieldsOf(CASES[name] as BfdControl);
    expect(seen.complaints).toEqual([]);
    expect(Object.fromEntries(Object.keys(expected).map((field) => [field, seen.fields.get(field)?.[0]]))).toEqual(
      expected,
    );
  });
});

const STATES = { adminDown: "0x00", down: "0x01", init: "0x02", up: "0x03" } as const;

const hex = (value: number, digits: number) => `0x${value.toString(16).padStart(digits, "0")}`;
const bit = (value: boolean) => (value ? "1" : "0");

/** What tshark should say. */
function fieldsOf(packet: BfdControl): Record<string, string | undefined> {
  const { authentication } = packet;
  return {
    "bfd.version": "1",
    "bfd.diag": hex(packet.diagnostic, 2),
    "bfd.sta": STATES[packet.state],
    "bfd.flags.p": bit(packet.isPoll),
    "bfd.flags.f": bit(packet.isFinal),
    "bfd.flags.c": bit(packet.isControlPlaneIndependent),
    "bfd.flags.a": bit(authentication !== undefined),
    "bfd.flags.d": bit(packet.isDemand),
    "bfd.flags.m": bit(packet.isMultipoint),
    "bfd.detect_time_multiplier": String(packet.multiplier),
    "bfd.my_discriminator": hex(packet.myDiscriminator, 8),
    "bfd.your_discriminator": hex(packet.yourDiscriminator, 8),
    "bfd.desired_min_tx_interval": String(packet.desiredMinTxUs),
    "bfd.required_min_rx_interval": String(packet.requiredMinRxUs),
    "bfd.required_min_echo_interval": String(packet.requiredMinEchoRxUs),
    "bfd.auth.type": authentication && { simplePassword: "1", keyedSha1: "4" }[authentication.type as "keyedSha1"],
    "bfd.auth.key": authentication && authentication.type !== "unknown" ? String(authentication.keyId) : undefined,
    "bfd.auth.password": authentication?.type === "simplePassword" ? "secret" : undefined,
    "bfd.auth.seq_num": authentication?.type === "keyedSha1" ? hex(authentication.sequence, 8) : undefined,
  };
}

/** An Ethernet frame with a control packet in it. tshark leaves checksums alone. */
function frame(payload: Uint8Array): Uint8Array {
  const packet = new Writer(28 + payload.length)
    .u16(0x4500)
    .u16(28 + payload.length)
    .u32(0)
    .u8(255)
    .u8(17)
    .u16(0)
    .bytes(ipToBytes("192.0.2.1" as Ipv4))
    .bytes(ipToBytes("192.0.2.2" as Ipv4))
    .u16(49_152)
    .u16(3784)
    .u16(8 + payload.length)
    .u16(0)
    .bytes(payload);
  return encodeEthernet({
    destination: "02:00:00:00:00:0b" as Mac,
    source: "02:00:00:00:00:0a" as Mac,
    etherType: ETHER_TYPE.ipv4,
    payload: packet.toBytes(),
  });
}
