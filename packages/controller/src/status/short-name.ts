import { createHash } from "node:crypto";

const HASH_LENGTH = 16;
const LONGEST_LABEL = 63;
const LONGEST_NAME = 253;

/** A hash of the texts for names: the same in every process, and never by chance that of others. */
export function nameHash(...texts: readonly string[]): string {
  return createHash("sha256").update(texts.join("/")).digest("hex").slice(0, HASH_LENGTH);
}

/** A name as a label's value. One that is too long is shortened, and a hash of the whole keeps it apart from others. */
export function labelValue(name: string): string {
  return shorten(name, LONGEST_LABEL);
}

/** A name as an object's; too long ones as in {@link labelValue}. */
export function objectName(name: string): string {
  return shorten(name, LONGEST_NAME);
}

function shorten(name: string, longest: number): string {
  if (name.length <= longest) return name;
  // An object's name must have no dot before the hyphen.
  const start = name.slice(0, longest - HASH_LENGTH - 1).replace(/[^a-z0-9]+$/, "");
  return `${start}-${nameHash(name)}`;
}
