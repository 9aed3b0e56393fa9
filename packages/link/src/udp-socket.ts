import { type Family, type Ip, ipToBytes } from "@heraldlb/net";
import {
  type BpfInstruction,
  encodeProgram,
  ifAtLeast,
  ifEqual,
  loadByte,
  loadWord,
  NETWORK_HEADER,
  ret,
} from "./bpf.ts";
import { attempt } from "./native.ts";
import { FAMILY, int } from "./socket-address.ts";

/** From whom a UDP socket receives. */
export interface UdpSender {
  readonly source: Ip;
  /** The least TTL or hop limit with which a datagram must arrive; 255: it was not forwarded (RFC 5082). */
  readonly minimumHops: number;
}

const SOCK_DGRAM = 2;
const IPPROTO_IP = 0;
const IP_TOS = 1;
const IPPROTO_UDP = 17;
const IPPROTO_IPV6 = 41;
const IPV6_TCLASS = 67;
// Offsets into the IP header.
const LAYOUT = {
  ipv4: { hops: 8, source: 12 },
  ipv6: { hops: 7, source: 8 },
} as const;
const WHOLE_DATAGRAM = 0xffff;

/** A non-blocking UDP socket for `dgram.createSocket(…).bind({ fd })`, which then owns it. */
export function openUdpSocket(family: Family): number {
  return attempt("open a UDP socket", (native) => native.socket(FAMILY[family], SOCK_DGRAM, IPPROTO_UDP));
}

/** The index of an interface, 0 if there is none of that name. */
export function interfaceIndex(name: string): number {
  return attempt(`find interface ${name}`, (native) => native.interfaceIndex(name));
}

/** Marks what is sent with a traffic class: the six bits of the DSCP and the two of ECN. */
export function setTrafficClass(fd: number, family: Family, trafficClass: number): void {
  const [level, name] = family === "ipv4" ? [IPPROTO_IP, IP_TOS] : [IPPROTO_IPV6, IPV6_TCLASS];
  attempt("set a traffic class", (native) => native.setOption(fd, level, name, int(trafficClass)));
}

/** Has the kernel drop what does not come from these senders, with enough hops left. Replaces an earlier list. */
export function receiveOnlyFrom(fd: number, family: Family, senders: readonly UdpSender[]): void {
  const program = encodeProgram(senderFilter(family, senders));
  attempt("attach a filter", (native) => native.attachFilter(fd, program));
}

/** The program behind {@link receiveOnlyFrom}. The kernel runs it on the datagram; the IP header is before that. */
export function senderFilter(family: Family, senders: readonly UdpSender[]): BpfInstruction[] {
  return [...senders.flatMap((sender) => acceptFrom(family, sender)), ret(0)];
}

/** Ends the program for a datagram from that sender, and falls through for any other. */
function acceptFrom(family: Family, { source, minimumHops }: UdpSender): BpfInstruction[] {
  const layout = LAYOUT[family];
  const bytes = ipToBytes(source);
  const view = new DataView(bytes.buffer);
  const words = Array.from({ length: bytes.length / 4 }, (_, i) => i);
  return [
    ...words.flatMap((i) => {
      const left = words.length - 1 - i;
      return [
        loadWord(NETWORK_HEADER + layout.source + 4 * i),
        // Over the comparisons that are left, the two instructions about hops, and the acceptance.
        ifEqual(view.getUint32(4 * i), 0, 2 * left + 3),
      ];
    }),
    loadByte(NETWORK_HEADER + layout.hops),
    ifAtLeast(minimumHops, 0, 1),
    ret(WHOLE_DATAGRAM),
  ];
}
