/** A list as MetalLB's messages show it, `["192.0.2.1" "2001:db8::1"]`. */
export function quoteAll(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(" ")}]`;
}
