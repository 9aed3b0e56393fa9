const ZERO = 0x30;
const DOT = 0x2e;
const COLON = 0x3a;
const GROUPS = 8;

/** The value of a dotted decimal from `start` to the end, or undefined if it is none (leading zeros included). */
export function parseOctets(text: string, start = 0): number | undefined {
  let value = 0;
  let octets = 0;
  let at = start;
  while (true) {
    const first = at;
    let octet = 0;
    for (; at < text.length && text.charCodeAt(at) !== DOT; at++) {
      const digit = text.charCodeAt(at) - ZERO;
      if (digit < 0 || digit > 9 || (at > first && octet === 0)) return undefined;
      octet = octet * 10 + digit;
      if (octet > 0xff) return undefined;
    }
    if (at === first) return undefined;
    value = value * 0x100 + octet;
    octets += 1;
    if (at === text.length) return octets === 4 ? value : undefined;
    if (octets === 4) return undefined;
    at += 1;
  }
}

/** The eight groups of an IPv6 address (RFC 4291 section 2.2), or undefined if the text is none. */
export function parseGroups(text: string): number[] | undefined {
  const groups: number[] = [];
  let gap = -1;
  let at = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return undefined;
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    if (groups.length === GROUPS) return undefined;
    const first = at;
    let group = 0;
    for (let digit = hexDigit(text, at); digit >= 0; digit = hexDigit(text, ++at)) group = group * 16 + digit;
    if (text.charCodeAt(at) === DOT) {
      const ipv4 = parseOctets(text, first);
      if (ipv4 === undefined) return undefined;
      groups.push(ipv4 >>> 16, ipv4 & 0xffff);
      break;
    }
    if (at === first || at > first + 4) return undefined;
    groups.push(group);
    if (at === text.length) break;
    if (text.charCodeAt(at) !== COLON) return undefined;
    at += 1;
    if (text.charCodeAt(at) === COLON) {
      if (gap >= 0) return undefined;
      gap = groups.length;
      at += 1;
    } else if (at === text.length) return undefined;
  }
  return expand(groups, gap);
}

/** The text of an address: lower case, the first longest run of zeros shortened (RFC 5952 section 4). */
export function formatIpv6(groups: readonly number[]): string {
  if (isMapped(groups)) {
    const [high, low] = [groups[6] as number, groups[7] as number];
    return `::ffff:${high >>> 8}.${high & 0xff}.${low >>> 8}.${low & 0xff}`;
  }
  const { start, end } = longestZeros(groups);
  let text = "";
  for (let i = 0; i < GROUPS; i++) {
    if (i === start) {
      text += "::";
      i = end;
      if (i === GROUPS) break;
    } else if (i > 0) text += ":";
    text += (groups[i] as number).toString(16);
  }
  return text;
}

/** The eight groups in 16 bytes. */
export function groupsFromBytes(bytes: Uint8Array): number[] {
  const groups: number[] = [];
  for (let i = 0; i < 2 * GROUPS; i += 2) groups.push(((bytes[i] as number) << 8) | (bytes[i + 1] as number));
  return groups;
}

/** Puts the zeros that `::` stands for, at least one group of them, at `gap`. */
function expand(groups: number[], gap: number): number[] | undefined {
  const given = groups.length;
  if (gap < 0) return given === GROUPS ? groups : undefined;
  if (given >= GROUPS) return undefined;
  for (let i = GROUPS - 1; i >= gap; i--) {
    const from = i - (GROUPS - given);
    groups[i] = from >= gap ? (groups[from] as number) : 0;
  }
  return groups;
}

function hexDigit(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code >= ZERO && code <= 0x39) return code - ZERO;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function isMapped(groups: readonly number[]): boolean {
  return groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
}

/** A run of one zero is not shortened (RFC 5952 section 4.2.2). */
function longestZeros(groups: readonly number[]): { readonly start: number; readonly end: number } {
  let start = -1;
  let end = 0;
  for (let i = 0; i < GROUPS; i++) {
    const first = i;
    while (i < GROUPS && groups[i] === 0) i += 1;
    if (i - first >= 2 && i - first > end - start) {
      start = first;
      end = i;
    }
  }
  return { start, end };
}
