import type { BgpPeer } from "./bgp-peer.ts";
import type { Census, Surroundings } from "./census.ts";
import { unmatchedNodeSelectors } from "./node-selectors.ts";
import { missingReference, noEffect } from "./notice.ts";
import type { Problem } from "./problem.ts";
import { type SecretPassword, secretPassword } from "./secret.ts";

/** Warnings about what a peer refers to. */
export function peerWarnings({ metadata, spec }: BgpPeer, census: Surroundings): Problem[] {
  return [
    ...profileWarnings({ metadata, spec }, census),
    ...secretWarnings({ metadata, spec }, census),
    ...unmatchedNodeSelectors(
      spec.nodeSelectors.map((selector, i) => [["nodeSelectors", i], selector]),
      census.nodes,
    ),
  ];
}

/** The error that a peer's Secret is of no use, if it is there. */
export function secretError({ metadata, spec }: Pick<BgpPeer, "metadata" | "spec">, census: Surroundings): Problem[] {
  const read = referredPassword({ metadata, spec }, census.secrets);
  if (!read || "password" in read) return [];
  const message = `failed to parse peer ${metadata.name} password secret: ${read.problem}`;
  return [{ path: "spec.passwordSecret.name", message, code: "wrongReference" }];
}

/** What the Secret that a peer refers to says; undefined: it refers to none, or there is no such Secret. */
export function referredPassword(
  { metadata, spec }: Pick<BgpPeer, "metadata" | "spec">,
  secrets: Census["secrets"],
): SecretPassword | undefined {
  // MetalLB, too, looks for it beside the peer, whatever namespace the reference says.
  const secret = secrets.get(`${metadata.namespace}/${spec.passwordSecret?.name ?? ""}`);
  return secret && secretPassword(secret);
}

function profileWarnings(
  { metadata: { name }, spec: { bfdProfile, ebgpMultiHop } }: Pick<BgpPeer, "metadata" | "spec">,
  { profiles }: Census,
): Problem[] {
  if (!bfdProfile) return [];
  const profile = profiles.get(bfdProfile)?.resource;
  if (!profile) {
    const words = `peer ${name} referencing non existing bfd profile ${bfdProfile}`;
    return [missingReference(["bfdProfile"], `${words}; until there is one the session goes without BFD`)];
  }
  if (!profile.spec.echoMode || !ebgpMultiHop) return [];
  return [noEffect(["bfdProfile"], `profile "${bfdProfile}" has echoMode, which multi-hop sessions go without`)];
}

function secretWarnings({ metadata, spec }: Pick<BgpPeer, "metadata" | "spec">, { secrets }: Surroundings): Problem[] {
  const name = spec.passwordSecret?.name;
  if (!name || secrets.has(`${metadata.namespace}/${name}`)) return [];
  const words = `secret ref not found for peer config "${metadata.namespace}"/"${metadata.name}"`;
  const message = `${words}; until there is a Secret "${name}" no session is opened, and one that is up keeps its password`;
  return [missingReference(["passwordSecret", "name"], message)];
}
