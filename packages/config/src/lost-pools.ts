import type { Labels } from "@heraldlb/labels";
import type { Candidate, InForce } from "./configuration.ts";
import { choose } from "./standing.ts";

/** A pool that is in force in no form, as far as advertisements look at it: its addresses may be in use all the same. */
export interface LostPool {
  readonly name: string;
  readonly labels: Labels;
}

/** The pools among these objects, which are given with all their forms, of which no form is in force; by name. */
export function lostPools(
  objects: Iterable<readonly [key: string, rivals: Iterable<Candidate>]>,
  inForce: ReadonlyMap<string, InForce>,
): readonly LostPool[] {
  const lost = Iterator.from(objects).flatMap(([key, rivals]): readonly LostPool[] => {
    return key.startsWith("IPAddressPool ") && !inForce.has(key) ? lostPool([...rivals]) : [];
  });
  return [...lost].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function lostPool(rivals: readonly Candidate[]): readonly LostPool[] {
  const { outcome } = choose(rivals, undefined);
  if (outcome.type === "resource") return [outcome.resource.metadata].map(({ name, labels }) => ({ name, labels }));
  if (outcome.type === "ignored" || !outcome.id) return [];
  return [{ name: outcome.id.name, labels: outcome.labels }];
}
