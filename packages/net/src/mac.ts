declare const brand: unique symbol;

/** An EUI-48 in its only spelling, lower case with colons: `02:00:5e:10:00:01`. */
export type Mac = string & { readonly [brand]: "Mac" };

/** Bytes in a MAC. */
export const MAC_LENGTH = 6;

/** All hosts of the link. */
export const BROADCAST_MAC: Mac = "ff:ff:ff:ff:ff:ff" as Mac;

/** Stands for "not known" in ARP. */
export const ZERO_MAC: Mac = "00:00:00:00:00:00" as Mac;

const PATTERN = /^[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}$/;

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Reads six pairs of hexadecimal digits, all separated by `:` or all by `-`, in either case. */
export function parseMac(text: string): Mac | undefined {
  const lower = text.toLowerCase();
  return PATTERN.test(lower) ? (lower.replaceAll("-", ":") as Mac) : undefined;
}

/** Throws `RangeError` unless there are exactly 6 bytes. */
export function macFromBytes(bytes: Uint8Array): Mac {
  if (bytes.length !== MAC_LENGTH) throw new RangeError(`${bytes.length} bytes are no MAC`);
  const [a, b, c] = [HEX[bytes[0] as number], HEX[bytes[1] as number], HEX[bytes[2] as number]];
  const [d, e, f] = [HEX[bytes[3] as number], HEX[bytes[4] as number], HEX[bytes[5] as number]];
  return `${a}:${b}:${c}:${d}:${e}:${f}` as Mac;
}

/** The MAC's 6 bytes. */
export function macToBytes(mac: Mac): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(MAC_LENGTH);
  for (let i = 0; i < MAC_LENGTH; i++) bytes[i] = (nibble(mac, 3 * i) << 4) | nibble(mac, 3 * i + 1);
  return bytes;
}

/** Orders MACs by number; for `toSorted`. */
export function compareMacs(a: Mac, b: Mac): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Whether the MAC names a group of hosts, the broadcast one included, and therefore can be no host's source. */
export function isGroupMac(mac: Mac): boolean {
  return (nibble(mac, 1) & 1) === 1;
}

function nibble(mac: Mac, at: number): number {
  const code = mac.charCodeAt(at);
  return code < 0x40 ? code - 0x30 : code - 0x57;
}
