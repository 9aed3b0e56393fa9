import { DecodeError, type Ip, ipFromBytes, isLinkLocal, MAC_LENGTH, type Mac, macFromBytes } from "@heraldlb/net";
import { HostReader, LITTLE_ENDIAN } from "./host-order.ts";

/** What the kernel tells of a link, without its addresses. */
export interface LinkState {
  readonly index: number;
  readonly name: string;
  readonly mac: Mac | undefined;
  readonly up: boolean;
  readonly carrier: boolean;
  readonly loopback: boolean;
  readonly broadcast: boolean;
  readonly noArp: boolean;
  readonly master: number | undefined;
}

/** What the kernel tells of an address. */
export interface AddressState {
  readonly index: number;
  readonly address: Ip;
  readonly prefixLength: number;
  readonly linkLocal: boolean;
  readonly tentative: boolean;
}

/** One message of the kernel's (rtnetlink(7)). `sequence` is that of the request which it answers, or 0. */
export type RouteMessage = { readonly sequence: number } & (
  | { readonly type: "link"; readonly link: LinkState; readonly interrupted: boolean }
  | { readonly type: "linkRemoved"; readonly index: number }
  | { readonly type: "address"; readonly address: AddressState; readonly interrupted: boolean }
  | { readonly type: "addressRemoved"; readonly address: AddressState }
  /** A listing is complete; `interrupted` if something changed meanwhile, so that it may be inconsistent. */
  | { readonly type: "done"; readonly interrupted: boolean }
  /** A request failed, or succeeded if `errno` is 0. */
  | { readonly type: "error"; readonly errno: number }
  /** Messages were lost. */
  | { readonly type: "overrun" }
);

const HEADER_LENGTH = 16;
const NLMSG = { error: 2, done: 3, overrun: 4 } as const;
const RTM = { newLink: 16, delLink: 17, getLink: 18, newAddress: 20, delAddress: 21, getAddress: 22 } as const;
const NLM_F_REQUEST = 0x1;
const NLM_F_DUMP = 0x300;
const NLM_F_DUMP_INTR = 0x10;
const IFF = { up: 0x1, broadcast: 0x2, loopback: 0x8, running: 0x40, noArp: 0x80, lowerUp: 0x10000 } as const;
const IFLA = { address: 1, name: 3, master: 10 } as const;
const IFA = { address: 1, local: 2, flags: 8 } as const;
const IFA_F_DAD_FAILED = 0x08;
const IFA_F_TENTATIVE = 0x40;
const RT_SCOPE_LINK = 253;
// Bridges report their ports under this family too: the end of a membership must not look like the end of the link.
const AF_BRIDGE = 7;

/** Asks for all links. */
export const encodeLinkListing = (sequence: number): Uint8Array =>
  encodeRequest(RTM.getLink, NLM_F_DUMP, sequence, 16, 0);

/** Asks for one link. */
export const encodeLinkRequest = (sequence: number, index: number): Uint8Array =>
  encodeRequest(RTM.getLink, 0, sequence, 16, index);

/** Asks for all addresses. */
export const encodeAddressListing = (sequence: number): Uint8Array =>
  encodeRequest(RTM.getAddress, NLM_F_DUMP, sequence, 8, 0);

function encodeRequest(type: number, flags: number, sequence: number, bodyLength: number, index: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + bodyLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, LITTLE_ENDIAN);
  view.setUint16(4, type, LITTLE_ENDIAN);
  view.setUint16(6, NLM_F_REQUEST | flags, LITTLE_ENDIAN);
  view.setUint32(8, sequence, LITTLE_ENDIAN);
  view.setInt32(HEADER_LENGTH + 4, index, LITTLE_ENDIAN);
  return bytes;
}

/** Decodes a datagram of the kernel's. Messages of other types are left out. Throws a `DecodeError`. */
export function decodeRouteMessages(datagram: Uint8Array): RouteMessage[] {
  const reader = new HostReader(datagram);
  const messages: RouteMessage[] = [];
  while (reader.remaining > 0) {
    const length = reader.u32();
    if (length < HEADER_LENGTH) throw new DecodeError("malformed", `a netlink message of ${length} bytes`);
    const [type, flags, sequence] = [reader.u16(), reader.u16(), reader.skip(0).u32()];
    reader.skip(4);
    const body = reader.sub(length - HEADER_LENGTH);
    reader.skip(Math.min(padding(length), reader.remaining));
    const message = decodeBody(type, body, (flags & NLM_F_DUMP_INTR) !== 0);
    if (message) messages.push({ ...message, sequence });
  }
  return messages;
}

type Body<T = RouteMessage> = T extends RouteMessage ? Omit<T, "sequence"> : never;

function decodeBody(type: number, body: HostReader, interrupted: boolean): Body | undefined {
  switch (type) {
    case NLMSG.done:
      return { type: "done", interrupted };
    case NLMSG.error:
      return { type: "error", errno: -body.i32() };
    case NLMSG.overrun:
      return { type: "overrun" };
    case RTM.newLink: {
      const link = decodeLink(body);
      return link && { type: "link", link, interrupted };
    }
    case RTM.delLink: {
      const link = decodeLink(body);
      return link && { type: "linkRemoved", index: link.index };
    }
    case RTM.newAddress: {
      const address = decodeAddress(body);
      return address && { type: "address", address, interrupted };
    }
    case RTM.delAddress: {
      const address = decodeAddress(body);
      return address && { type: "addressRemoved", address };
    }
    default:
      return undefined;
  }
}

function decodeLink(body: HostReader): LinkState | undefined {
  const family = body.u8();
  const index = body.skip(3).i32();
  const flags = body.u32();
  body.skip(4);
  if (family === AF_BRIDGE) return undefined;
  const attributes = decodeAttributes(body);
  const [mac, name, master] = [attributes.get(IFLA.address), attributes.get(IFLA.name), attributes.get(IFLA.master)];
  return {
    index,
    name: name ? decodeText(name) : "",
    mac: mac?.length === MAC_LENGTH ? macFromBytes(mac) : undefined,
    up: (flags & IFF.up) !== 0,
    carrier: (flags & IFF.lowerUp) !== 0 && (flags & IFF.running) !== 0,
    loopback: (flags & IFF.loopback) !== 0,
    broadcast: (flags & IFF.broadcast) !== 0,
    noArp: (flags & IFF.noArp) !== 0,
    master: master ? new HostReader(master).u32() : undefined,
  };
}

function decodeAddress(body: HostReader): AddressState | undefined {
  const [, prefixLength, shortFlags, scope] = [body.u8(), body.u8(), body.u8(), body.u8()];
  const index = body.i32();
  const attributes = decodeAttributes(body);
  // On point-to-point links IFA_ADDRESS is the other end.
  const bytes = attributes.get(IFA.local) ?? attributes.get(IFA.address);
  if (bytes?.length !== 4 && bytes?.length !== 16) return undefined;
  const address = ipFromBytes(bytes);
  const flags = attributes.has(IFA.flags) ? new HostReader(attributes.get(IFA.flags) ?? bytes).u32() : shortFlags;
  return {
    index,
    address,
    prefixLength,
    linkLocal: scope === RT_SCOPE_LINK || isLinkLocal(address),
    tentative: (flags & (IFA_F_TENTATIVE | IFA_F_DAD_FAILED)) !== 0,
  };
}

/** The attributes by type, the last of each; nested ones stay encoded. */
function decodeAttributes(body: HostReader): ReadonlyMap<number, Uint8Array> {
  const attributes = new Map<number, Uint8Array>();
  while (body.remaining > 0) {
    const [length, type] = [body.u16(), body.u16()];
    if (length < 4) throw new DecodeError("malformed", `a netlink attribute of ${length} bytes`);
    attributes.set(type & 0x3fff, body.bytes(length - 4));
    body.skip(Math.min(padding(length), body.remaining));
  }
  return attributes;
}

/** Bytes up to the next multiple of four. */
const padding = (length: number) => -length & 3;

const decodeText = (bytes: Uint8Array) => new TextDecoder().decode(bytes.subarray(0, end(bytes)));

function end(bytes: Uint8Array): number {
  const zero = bytes.indexOf(0);
  return zero === -1 ? bytes.length : zero;
}
