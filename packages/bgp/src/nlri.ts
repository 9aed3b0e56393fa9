import {
  DecodeError,
  type Family,
  familyBits,
  familyOf,
  IPV4_LENGTH,
  IPV6_LENGTH,
  ipFromBytes,
  ipToBytes,
  type Prefix,
  prefixAddress,
  prefixLength,
  type Reader,
  type Writer,
} from "@heraldlb/net";

/** A destination on the wire: a prefix of either family, and its path's identifier with add-path (RFC 7911). */
export interface Nlri {
  readonly prefix: Prefix;
  /** 32 bits. Present if and only if the session uses add-path for the prefix's family in this direction. */
  readonly pathId?: number;
}

const PATH_ID_LENGTH = 4;

/** The family of a destination. */
export function nlriFamily({ prefix }: Nlri): Family {
  return familyOf(prefixAddress(prefix));
}

/** What destinations look like where they stand. */
export interface NlriForm {
  readonly family: Family;
  /** The families that have path identifiers. */
  readonly addPath: readonly Family[];
}

/** Reads destinations to the end (RFC 4271 section 4.3, RFC 7911 section 3). */
export function decodeNlri(r: Reader, { family, addPath }: NlriForm): Nlri[] {
  const hasPathId = addPath.includes(family);
  const found: Nlri[] = [];
  while (r.remaining > 0) {
    if (hasPathId) {
      const pathId = r.u32();
      found.push({ prefix: decodePrefix(r, family), pathId });
    } else found.push({ prefix: decodePrefix(r, family) });
  }
  return found;
}

/** Writes destinations. Throws `RangeError` for one of another family, and for one that does not fit `addPath`. */
export function encodeNlri(list: readonly Nlri[], w: Writer, { family, addPath }: NlriForm): void {
  const hasPathId = addPath.includes(family);
  for (const { prefix, pathId } of list) {
    const address = prefixAddress(prefix);
    if (familyOf(address) !== family) throw new RangeError(`${prefix} is not ${family}`);
    if (hasPathId !== (pathId !== undefined)) throw new RangeError(`${prefix} with path identifier ${pathId}`);
    if (pathId !== undefined) w.u32(pathId);
    const length = prefixLength(prefix);
    w.u8(length);
    encodeFirst(bytesFor(length), ipToBytes(address), w);
  }
}

/** How many bytes `encodeNlri` writes for a destination. */
export function nlriLength({ prefix, pathId }: Nlri): number {
  return 1 + bytesFor(prefixLength(prefix)) + (pathId === undefined ? 0 : PATH_ID_LENGTH);
}

function decodePrefix(r: Reader, family: Family): Prefix {
  const length = r.u8();
  if (length > familyBits(family)) throw new DecodeError("malformed", `an ${family} prefix of ${length} bits`);
  const address = new Uint8Array(family === "ipv4" ? IPV4_LENGTH : IPV6_LENGTH);
  address.set(r.bytes(bytesFor(length)));
  // The bits behind the length mean nothing (RFC 4271 section 4.3); a `Prefix` has none.
  if (length % 8 > 0) address[length >>> 3] = (address[length >>> 3] as number) & (0xff << (8 - (length % 8)));
  return `${ipFromBytes(address)}/${length}` as Prefix;
}

/** A view of so small an array costs more than to write the bytes one by one. */
function encodeFirst(count: number, bytes: Uint8Array, w: Writer): void {
  if (count === bytes.length) w.bytes(bytes);
  else for (let i = 0; i < count; i++) w.u8(bytes[i] as number);
}

function bytesFor(bits: number): number {
  return (bits + 7) >>> 3;
}
