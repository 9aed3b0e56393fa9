/** The value of a BGP community: standard (RFC 1997) or large (RFC 8092). */
export type CommunityValue =
  | { readonly type: "standard"; readonly value: number }
  | { readonly type: "large"; readonly global: number; readonly local1: number; readonly local2: number };

/** Why a text is no community, in MetalLB's words. */
export interface CommunityError {
  readonly error: string;
}

/** What to write instead. */
export const COMMUNITY_FIX = "write ASN:NUMBER, both up to 65535, or large:ASN:NUMBER:NUMBER, each up to 4294967295";

/** Communities that have a name of their own (RFC 1997, 3765, 7999, 8326); a Community object may name them anew. */
const WELL_KNOWN: Readonly<Record<string, number>> = {
  "graceful-shutdown": 0xffff0000,
  blackhole: 0xffff029a,
  "no-export": 0xffffff01,
  "no-advertise": 0xffffff02,
  "local-as": 0xffffff03,
  "no-peer": 0xffffff04,
};

/** The community with this well-known name. */
export function wellKnownCommunity(name: string): CommunityValue | undefined {
  const value = Object.hasOwn(WELL_KNOWN, name) ? WELL_KNOWN[name] : undefined;
  return value === undefined ? undefined : { type: "standard", value };
}

/** The only spelling of a community: `65000:100` or `large:65000:1:2`. */
export function formatCommunity(community: CommunityValue): string {
  if (community.type === "large") return `large:${community.global}:${community.local1}:${community.local2}`;
  return `${Math.floor(community.value / 0x10000)}:${community.value % 0x10000}`;
}

/** Reads `65000:100` or `large:65000:1:2`. */
export function parseCommunity(text: string): CommunityValue | CommunityError {
  const sections = text.split(":");
  if (sections.length === 2) return parseStandard(sections, text);
  if (sections.length === 4) return parseLarge(sections, text);
  return { error: `invalid community format: ${text}` };
}

function parseStandard(sections: readonly string[], text: string): CommunityValue | CommunityError {
  const [high, low] = sections.map((section) => parseSection(section, 0xffff));
  if (typeof high !== "number") return sectionError(sections[0], high, text);
  if (typeof low !== "number") return sectionError(sections[1], low, text);
  return { type: "standard", value: high * 0x10000 + low };
}

function parseLarge([marker, ...sections]: readonly string[], text: string): CommunityValue | CommunityError {
  if (marker !== "large") {
    const expected = "expected community to be of format large:<uint32>:<uint32>:<uint32>";
    return {
      error: `invalid community value: invalid marker for large community, ${expected} but got "${text}" instead`,
    };
  }
  const [global, local1, local2] = sections.map((section) => parseSection(section, 0xffffffff));
  if (typeof global !== "number") return sectionError(sections[0], global, text);
  if (typeof local1 !== "number") return sectionError(sections[1], local1, text);
  if (typeof local2 !== "number") return sectionError(sections[2], local2, text);
  return { type: "large", global, local1, local2 };
}

/** The number, or what is wrong in the words of Go's strconv, which MetalLB's messages carry. */
function parseSection(text: string, max: number): number | string {
  if (!/^\d+$/.test(text)) return "invalid syntax";
  return Number(text) <= max ? Number(text) : "value out of range";
}

function sectionError(section: string | undefined, why: string | undefined, text: string): CommunityError {
  const err = `strconv.ParseUint: parsing "${section}": ${why}`;
  return { error: `invalid community value: invalid section "${section}" of community "${text}", err: ${err}` };
}
