import { Claims } from "./claims.ts";
import type { Configuration, InForce, ObjectProblem } from "./configuration.ts";
import { type Claimant, type Contradiction, isContradictable } from "./contradiction.ts";
import type { NodeIndex } from "./node-index.ts";
import { compareSeniority } from "./origin.ts";
import { preferenceConflicts } from "./preference-conflict.ts";
import { objectId } from "./resource.ts";

/** What objects in force are judged by. */
export interface SettleContext {
  readonly previous: Configuration;
  /** All keys of objects that can contradict each other, at least. */
  readonly keys: Iterable<string>;
  readonly nodes: NodeIndex;
}

/**
 * Takes out of force, or back to their last valid form, objects that contradict another one that goes before them:
 * objects in the form that they had come first, then changed ones, then new ones; among these the senior. Changes
 * `inForce`, and returns the errors.
 */
export function settle(inForce: Map<string, InForce>, { previous, keys, nodes }: SettleContext): ObjectProblem[] {
  const errors = new Map<string, ObjectProblem>();
  const forms = new Map<string, InForce>();
  for (const key of keys) {
    const form = inForce.get(key);
    if (form && isContradictable(form.resource)) forms.set(key, form);
  }
  // An object that goes back to its last form may take away what a changed one has just been granted: so once more.
  for (let settled = false; !settled; ) {
    settled = true;
    for (const [key, { problem, isBorne }] of contradictions(inOrderOfRight(previous, forms), nodes)) {
      const form = forms.get(key) as InForce;
      const error = { ...problem, severity: "error", id: objectId(form.resource), origin: form.origin } as const;
      // The first one is about the present form.
      if (!errors.has(key)) errors.set(key, error);
      const last = previous.inForce.get(key);
      if (last && last.resource !== form.resource) {
        forms.set(key, last.outdated ? last : { ...last, outdated: true });
        settled = false;
      } else if (!isBorne) {
        forms.delete(key);
        settled = false;
      }
    }
  }
  for (const key of errors.keys()) {
    const form = forms.get(key);
    if (form) inForce.set(key, form);
    else inForce.delete(key);
  }
  return [...errors.values()];
}

/** The objects that lose against others, with the reason. */
function contradictions(
  ordered: readonly (readonly [string, Claimant])[],
  nodes: NodeIndex,
): ReadonlyMap<string, Contradiction> {
  const found = new Map<string, Contradiction>();
  const claims = new Claims(nodes);
  for (const [key, claimant] of ordered) {
    const contradiction = claims.claim(claimant);
    if (contradiction) found.set(key, contradiction);
  }
  // Whether local preferences conflict depends on the pools: so these first.
  if (found.values().some(({ isBorne }) => !isBorne)) return found;
  const pools = ordered.flatMap(([, { resource }]) => (resource.kind === "IPAddressPool" ? [resource] : []));
  return new Map([...found, ...preferenceConflicts({ advertisements: ordered, pools, nodes })]);
}

function inOrderOfRight(previous: Configuration, forms: ReadonlyMap<string, InForce>): [string, Claimant][] {
  const right = ([key, { resource }]: readonly [string, InForce]): number => {
    const last = previous.inForce.get(key);
    if (!last) return 2;
    return last.resource === resource ? 0 : 1;
  };
  return [...forms]
    .toSorted((a, b) => right(a) - right(b) || compareSeniority(a[1], b[1]) || (a[0] < b[0] ? -1 : 1))
    .map((each) => {
      const [key, { resource }] = each;
      // Only such forms were taken in.
      return [key, { resource: resource as Claimant["resource"], isIncumbent: right(each) === 0 }];
    });
}
