import { DecodeError } from "@heraldlb/net";
import { type Generation, readCertificates, readGeneration } from "./generation.ts";
import type { AuthorityState, Former } from "./rotation.ts";

/** What a Secret holds, as text by key. */
export type SecretData = Readonly<Record<string, string>>;

/**
 * The authority that a Secret holds; undefined: it holds nothing.
 *
 * @throws DecodeError that names the key, but nothing of what stands there, if the Secret holds anything else
 */
export function readAuthority(data: SecretData): AuthorityState | undefined {
  if (Object.keys(data).length === 0) return undefined;
  const current = generationIn(data, "ca");
  if (!current) throw new DecodeError("malformed", "there is neither ca.crt nor ca.key");
  return { current, next: generationIn(data, "ca-next"), former: formerIn(data) };
}

/** A Secret's data with this authority in it, and whatever else was there. */
export function writeAuthority({ current, next, former }: AuthorityState, before: SecretData): SecretData {
  const others = Object.entries(before).filter(([key]) => !OWN_KEYS.has(key));
  return {
    ...Object.fromEntries(others),
    ...{ "ca.crt": current.cert, "ca.key": current.key },
    ...(next && { "ca-next.crt": next.cert, "ca-next.key": next.key }),
    ...(former && { "ca-former.crt": former.certs, "ca-former.until": new Date(former.until).toISOString() }),
  };
}

const OWN_KEYS: ReadonlySet<string> = new Set([
  ...["ca.crt", "ca.key", "ca-next.crt", "ca-next.key", "ca-former.crt", "ca-former.until"],
]);

function generationIn(data: SecretData, name: string): Generation | undefined {
  const [cert, key] = [data[`${name}.crt`], data[`${name}.key`]];
  if (cert === undefined && key === undefined) return undefined;
  return readGeneration(name, { cert: cert ?? "", key: key ?? "" });
}

function formerIn(data: SecretData): Former | undefined {
  const [certs, text] = [data["ca-former.crt"], data["ca-former.until"]];
  if (certs === undefined && text === undefined) return undefined;
  const until = Date.parse(text ?? "");
  if (Number.isNaN(until)) throw new DecodeError("malformed", "ca-former.until holds no time");
  return { certs: readCertificates("ca-former.crt", certs ?? "").join(""), until };
}
