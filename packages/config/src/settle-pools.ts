import type { Configuration, InForce, ObjectProblem } from "./configuration.ts";
import { formatPath } from "./field-path.ts";
import type { IpAddressPool } from "./ip-address-pool.ts";
import { compareSeniority } from "./origin.ts";
import { CidrSet } from "./overlap.ts";
import type { Problem } from "./problem.ts";
import { objectId } from "./resource.ts";

/** An error of an object that does not say what it is may be a pool's. */
export function setsPoolAside({ severity, id }: ObjectProblem): boolean {
  return severity === "error" && (!id || id.kind === "IPAddressPool");
}

/**
 * Takes out of force, or back to their last valid form, pools that claim what another one has. Returns the errors.
 * `keys`: all pools' keys at least.
 */
export function settlePools(
  previous: Configuration,
  inForce: Map<string, InForce>,
  keys: readonly string[],
): ObjectProblem[] {
  const errors = new Map<string, ObjectProblem>();
  const forms = new Map<string, InForce>();
  for (const key of keys) {
    const form = inForce.get(key);
    if (form?.resource.kind === "IPAddressPool") forms.set(key, form);
  }
  // A pool that goes back to its last form may take away what a changed one has just been granted: so once more.
  for (let settled = false; !settled; ) {
    settled = true;
    for (const [key, problem] of conflicts(previous, forms)) {
      const form = forms.get(key) as InForce;
      errors.set(key, { ...problem, severity: "error", id: objectId(form.resource), origin: form.origin });
      const last = previous.inForce.get(key);
      if (last && last.resource !== form.resource) {
        forms.set(key, { ...last, outdated: true });
        settled = false;
      } else {
        forms.delete(key);
      }
    }
  }
  for (const key of errors.keys()) {
    const form = forms.get(key);
    if (form) inForce.set(key, form);
    else inForce.delete(key);
  }
  return Array.from(errors.values());
}

/** The pools that lose against others, with the reason. */
function conflicts(previous: Configuration, forms: ReadonlyMap<string, InForce>): ReadonlyMap<string, Problem> {
  const found = new Map<string, Problem>();
  const names = new Set<string>();
  const cidrs = new CidrSet();
  for (const [key, { resource }] of inOrderOfRight(previous, forms)) {
    const pool = resource as IpAddressPool;
    const problem = claim(pool, names, cidrs);
    if (problem) found.set(key, problem);
  }
  return found;
}

function claim(pool: IpAddressPool, names: Set<string>, cidrs: CidrSet): Problem | undefined {
  const { name } = pool.metadata;
  if (names.has(name)) {
    const message = `duplicate definition of pool "${name}"; rename one of them`;
    return { path: "metadata.name", message, code: "duplicateObject" };
  }
  const overlap = cidrs.add(pool);
  if (!overlap) {
    names.add(name);
    return undefined;
  }
  const { cidr, entry, with: before } = overlap;
  const message = `CIDR "${cidr}" in pool "${name}" overlaps with already defined CIDR "${before}"; list each address once`;
  return { path: formatPath(["spec", "addresses", entry]), message, code: "overlap" };
}

/** Pools in the form they had come first, then changed ones, then new ones; among these the senior. */
function inOrderOfRight(previous: Configuration, forms: ReadonlyMap<string, InForce>): [string, InForce][] {
  const right = ([key, { resource }]: readonly [string, InForce]): number => {
    const last = previous.inForce.get(key);
    if (!last) return 2;
    return last.resource === resource ? 0 : 1;
  };
  return Array.from(forms).toSorted((a, b) => right(a) - right(b) || compareSeniority(a[1], b[1]));
}
