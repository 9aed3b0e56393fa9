import { DecodeError, MAC_LENGTH, type Mac, macFromBytes, macToBytes, Reader, Writer } from "@heraldlb/net";
import { ETHER_TYPE } from "./ether-type.ts";

/** An 802.1Q tag (IEEE 802.1Q section 9.6). */
export interface VlanTag {
  /** The VLAN, 0 to 4095; 0 means that only the priority counts. */
  readonly id: number;
  /** 0 to 7. */
  readonly priority: number;
  readonly dropEligible: boolean;
}

/** An Ethernet II frame without its check sequence. */
export interface EthernetFrame {
  readonly destination: Mac;
  readonly source: Mac;
  readonly vlan?: VlanTag;
  /** What the payload is, 0x0600 or more. */
  readonly etherType: number;
  /** After decoding a view into the frame, with the padding of short frames still on it. */
  readonly payload: Uint8Array;
}

/** Values below this are lengths of IEEE 802.3 frames. */
const LOWEST_ETHER_TYPE = 0x0600;

/** The least an Ethernet frame may have, its check sequence not counted. */
const SHORTEST_FRAME = 60;

const HEADER_LENGTH = 2 * MAC_LENGTH + 2;
const TAG_LENGTH = 4;

/** Decodes a frame with at most one VLAN tag; a second one is left in the payload. */
export function decodeEthernet(bytes: Uint8Array): EthernetFrame {
  const r = new Reader(bytes);
  const destination = macFromBytes(r.bytes(MAC_LENGTH));
  const source = macFromBytes(r.bytes(MAC_LENGTH));
  const type = r.u16();
  if (type !== ETHER_TYPE.vlan) {
    return { destination, source, etherType: checked(type), payload: r.bytes(r.remaining) };
  }
  const vlan = decodeTag(r.u16());
  return { destination, source, vlan, etherType: checked(r.u16()), payload: r.bytes(r.remaining) };
}

/** Encodes a frame, padded with zeros to 60 bytes. */
export function encodeEthernet({ destination, source, vlan, etherType, payload }: EthernetFrame): Uint8Array {
  if (etherType < LOWEST_ETHER_TYPE) throw new RangeError(`no EtherType: ${etherType}`);
  if (etherType === ETHER_TYPE.vlan && !vlan) throw new RangeError("the first tag goes into `vlan`");
  const w = new Writer(Math.max(SHORTEST_FRAME, HEADER_LENGTH + TAG_LENGTH + payload.length));
  w.bytes(macToBytes(destination)).bytes(macToBytes(source));
  if (vlan) w.u16(ETHER_TYPE.vlan).u16(encodeTag(vlan));
  return w.u16(etherType).bytes(payload).padTo(SHORTEST_FRAME).toBytes();
}

function checked(type: number): number {
  if (type < LOWEST_ETHER_TYPE) throw new DecodeError("unsupported", `an IEEE 802.3 length, not an EtherType: ${type}`);
  return type;
}

function decodeTag(control: number): VlanTag {
  return { id: control & 0xfff, priority: control >>> 13, dropEligible: (control & 0x1000) !== 0 };
}

function encodeTag({ id, priority, dropEligible }: VlanTag): number {
  if (!Number.isInteger(id) || id < 0 || id > 0xfff) throw new RangeError(`no VLAN: ${id}`);
  if (!Number.isInteger(priority) || priority < 0 || priority > 7) throw new RangeError(`no priority: ${priority}`);
  return (priority << 13) | (dropEligible ? 0x1000 : 0) | id;
}
