// A pool's name is no longer.
const LONGEST = 253;
const MOST = 10;

/** A text that anybody may have written: of a long one its beginning, without half a character at its end. */
export function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST).toWellFormed()}…` : text;
}

/** Such a text as MetalLB's messages show it, `"192.0.2.1"`. */
export function quote(text: string): string {
  return JSON.stringify(shortened(text));
}

/** A list as MetalLB's messages show it, `["192.0.2.1" "2001:db8::1"]`. */
export function quoteAll(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(" ")}]`;
}

/** The texts with this between them; of a long list its beginning. */
export function joined(texts: readonly string[], separator: string): string {
  const more = texts.length > MOST ? ["…"] : [];
  return [...texts.slice(0, MOST), ...more].join(separator);
}
