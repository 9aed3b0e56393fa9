import * as z from "zod";
import { type Immutable, metadata } from "./metadata.ts";
import { passwordProblem } from "./password.ts";

/** `v1` Secret: exactly the fields that Herald reads. */
export const secret = z.object({
  apiVersion: z.literal("v1"),
  kind: z.literal("Secret"),
  metadata,
  type: z.string().default("Opaque"),
  /** Values in base64. */
  data: z.record(z.string(), z.string()).default({}),
  /** Values as they are; they go before those of `data`. */
  stringData: z.record(z.string(), z.string()).default({}),
});

/** A Kubernetes Secret. What it holds must never be shown. */
export type Secret = Immutable<z.output<typeof secret>>;

/** The password that a Secret holds for a BGP session, or what is wrong with it in MetalLB's words. */
export type SecretPassword = { readonly password: string } | { readonly problem: string };

/** Reads the password of a BGP session: the key `password` of a Secret of type `kubernetes.io/basic-auth`. */
export function secretPassword(secret: Secret): SecretPassword {
  const { metadata, type, data, stringData } = secret;
  const place = `"${metadata.namespace}"/"${metadata.name}"`;
  if (type !== "kubernetes.io/basic-auth") {
    const expected = `type "kubernetes.io/basic-auth" is expected `;
    return { problem: `secret type mismatch on ${place}, ${expected}; create it anew with that type` };
  }
  const password = textUnder(stringData, "password") ?? decodeBase64(textUnder(data, "password") ?? "");
  if (password === undefined) return { problem: `the password in the secret ${place} is no UTF-8 text in base64` };
  if (password === "") {
    return { problem: `password not specified in the secret ${place}; put it under the key "password"` };
  }
  const problem = passwordProblem(password);
  return problem === undefined ? { password } : { problem: `secret ${place}: ${problem}` };
}

function textUnder(values: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

function decodeBase64(text: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
