/**
 * The one's complement sum of big-endian 16-bit words, folded to 16 bits (RFC 1071 section 1). An odd last byte counts
 * as if a zero followed, so of several parts summed one after the other only the last may be odd.
 */
export function onesComplementSum(bytes: Uint8Array, seed = 0): number {
  // 65,536 words of 0xffff still fit a double exactly, and so does any packet: one fold at the end is enough.
  let sum = seed;
  const even = bytes.length & ~1;
  for (let i = 0; i < even; i += 2) sum += ((bytes[i] as number) << 8) | (bytes[i + 1] as number);
  if (even < bytes.length) sum += (bytes[even] as number) << 8;
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return sum;
}

/**
 * The Internet checksum (RFC 1071). `seed` is the `onesComplementSum` of what comes before, such as a pseudo-header.
 * Over data that contains its own correct checksum the result is 0.
 */
export function internetChecksum(bytes: Uint8Array, seed = 0): number {
  return ~onesComplementSum(bytes, seed) & 0xffff;
}
