import { createServer, type Server, Socket } from "node:net";
import {
  bindSocket,
  bindToDevice,
  closeSocket,
  openTcpSocket,
  setHopLimit,
  setMd5Key,
  setMinimumHopLimit,
  setReuseAddress,
  setTrafficClass,
} from "@heraldlb/link";
import { familyOf, type Ip, isIpv4, isLinkLocal, parseIp } from "@heraldlb/net";
import type { BgpPeer } from "./desired.ts";

/** A connection to be made. */
export interface DialTarget
  extends Pick<BgpPeer, "port" | "sourceAddress" | "password" | "isMultiHop" | "ttlSecurityHops"> {
  readonly address: Ip;
  /** What it is bound to: a VRF, or the interface of a link-local address. */
  readonly device?: string | undefined;
  /** The interface of a link-local address. */
  readonly interface?: string | undefined;
  /** Its index. */
  readonly scope?: number | undefined;
}

// RFC 5082 section 3.
const HIGHEST_HOP_LIMIT = 255;
// RFC 4271 appendix E: internetwork control.
const TRAFFIC_CLASS = 0xc0;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Begins to connect. Throws a `LinkError` for what the kernel refuses at once, a source address for example. */
export function dialPeer(target: DialTarget): Socket {
  const { address, port, interface: zone } = target;
  const fd = openTcpSocket(familyOf(address));
  try {
    prepare(fd, target);
  } catch (error) {
    closeSocket(fd);
    throw error;
  }
  const host = isLinkLocal(address) && !isIpv4(address) && zone ? `${address}%${zone}` : address;
  // Not an option of `connect`, which takes it and does nothing.
  const socket = new Socket({ fd, readable: true, writable: true }).setNoDelay(true);
  return socket.connect({ host, port });
}

function prepare(fd: number, target: DialTarget): void {
  const { address, sourceAddress, password, device, scope, isMultiHop, ttlSecurityHops } = target;
  const family = familyOf(address);
  setTrafficClass(fd, family, TRAFFIC_CLASS);
  if (device !== undefined) bindToDevice(fd, device);
  if (password !== undefined) setMd5Key(fd, address, bytesOf(password));
  if (ttlSecurityHops !== undefined || isMultiHop) setHopLimit(fd, family, HIGHEST_HOP_LIMIT);
  if (ttlSecurityHops !== undefined) setMinimumHopLimit(fd, family, HIGHEST_HOP_LIMIT + 1 - ttlSecurityHops);
  if (sourceAddress !== undefined) {
    bindSocket(fd, { address: sourceAddress, port: 0, scope: isLinkLocal(sourceAddress) ? scope : undefined });
  }
}

/** Where to listen, and the keys of those who must sign. */
export interface ListenTarget {
  readonly address: Ip;
  readonly port: number;
  readonly keys: ReadonlyMap<Ip, string>;
}

/** Begins to listen. Throws a `LinkError` if the kernel refuses, because the port is taken for example. */
export function listenForPeers({ address, port, keys }: ListenTarget, onConnection: (socket: Socket) => void): Server {
  const fd = openTcpSocket(familyOf(address));
  try {
    setReuseAddress(fd);
    setTrafficClass(fd, familyOf(address), TRAFFIC_CLASS);
    for (const [peer, password] of keys) setMd5Key(fd, asSeenBy(address, peer), bytesOf(password));
    bindSocket(fd, { address, port });
  } catch (error) {
    closeSocket(fd);
    throw error;
  }
  return createServer({ noDelay: true }, onConnection).listen({ fd });
}

/** To a socket of IPv6, IPv4 peers have mapped addresses. */
const asSeenBy = (listening: Ip, peer: Ip): Ip =>
  isIpv4(peer) && !isIpv4(listening) ? (`::ffff:${peer}` as Ip) : peer;

/** A socket's address without what only means something to this node: a zone, or that IPv4 came in over IPv6. */
export function plainAddress(text: string | undefined): Ip | undefined {
  const [address = ""] = (text ?? "").split("%");
  return parseIp(address.replace(/^::ffff:(?=[\d.]+$)/, ""));
}
