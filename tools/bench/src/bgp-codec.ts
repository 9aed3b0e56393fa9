import {
  decodeMessage,
  encodeMessage,
  INITIAL_CODEC_OPTIONS,
  MessageSplitter,
  type Nlri,
  type PathAttribute,
  packUpdates,
  packWithdrawals,
  type Update,
} from "@heraldlb/bgp";
import type { Ip, Prefix } from "@heraldlb/net";
import type { Result } from "./result.ts";

const SESSION = { ...INITIAL_CODEC_OPTIONS, fourByteAs: true } as const;
const TCP_SEGMENT = 1_448;
const LONGEST_MESSAGE = 4_096;

const ATTRIBUTES: readonly PathAttribute[] = [
  { type: "origin", origin: "igp" },
  { type: "asPath", segments: [{ type: "sequence", asns: [4_200_000_001] }] },
  { type: "med", value: 0 },
  { type: "communities", values: [0xfde9_0001, 0xffff_ff01] },
  { type: "largeCommunities", values: [{ administrator: 4_200_000_001, local1: 1, local2: 2 }] },
];

/** What turns all routes into messages. */
type Pack = () => readonly Update[];

interface Load {
  readonly routes: number;
  readonly rounds: number;
}

/**
 * How many routes a second become messages, and messages routes again: host routes that share their attributes, and so
 * their messages, and routes that have a message each.
 */
export function bgpCodec(load: Load): Result[] {
  const ipv4 = times(load.routes, (i) => route(`10.${i >>> 16}.${(i >>> 8) & 0xff}.${i & 0xff}/32`));
  // No group of zeros that would be spelt otherwise.
  const ipv6 = times(load.routes, (i) =>
    route(`2001:db8::${(i + 0x1_0001).toString(16).replace(/(.{4})$/, ":$1")}/128`),
  );
  const pack = (address: string, nlri: readonly Nlri[]): readonly Update[] =>
    packUpdates({ attributes: ATTRIBUTES, nextHop: { address: address as Ip }, nlri }, SESSION);
  const packs: Readonly<Record<string, Pack>> = {
    "IPv4, packed": () => pack("192.0.2.1", ipv4),
    "IPv6, packed": () => pack("2001:db8::1", ipv6),
    "IPv4, one a message": () => ipv4.flatMap((one) => pack("192.0.2.1", [one])),
    "IPv4, withdrawn": () => packWithdrawals(ipv4, SESSION),
  };
  return Object.entries(packs).flatMap(([name, one]) => rates(name, one, load));
}

function rates(name: string, pack: Pack, { routes, rounds }: Load): Result[] {
  const encode = () => pack().map((update) => encodeMessage(update, SESSION));
  const messages = encode();
  const segments = cut(messages);
  const decode = () => {
    const splitter = new MessageSplitter(LONGEST_MESSAGE);
    for (const segment of segments) {
      splitter.push(segment);
      for (let next = splitter.next(); next; next = splitter.next()) decodeMessage(next, SESSION);
    }
  };
  const beside = `${messages.length} messages, ${segments.length} segments`;
  return [
    { suite: "bgp-codec", name: `encode ${name}`, value: rate(routes, encode, rounds), unit: "routes/s", beside },
    { suite: "bgp-codec", name: `decode ${name}`, value: rate(routes, decode, rounds), unit: "routes/s", beside },
  ];
}

/** The messages as TCP would bring them. */
function cut(messages: readonly Uint8Array[]): Uint8Array[] {
  const stream = new Uint8Array(messages.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const message of messages) {
    stream.set(message, end);
    end += message.length;
  }
  return times(Math.ceil(stream.length / TCP_SEGMENT), (i) => stream.subarray(i * TCP_SEGMENT, (i + 1) * TCP_SEGMENT));
}

/** That of the best round: what else the machine does only makes one slower. */
function rate(routes: number, run: () => void, rounds: number): number {
  const seconds = times(rounds, () => {
    const start = performance.now();
    run();
    return (performance.now() - start) / 1_000;
  });
  return routes / Math.min(...seconds);
}

function route(text: string): Nlri {
  return { prefix: text as Prefix };
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
