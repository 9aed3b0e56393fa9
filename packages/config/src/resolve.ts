import type { Candidate, Configuration, InForce, ObjectProblem } from "./configuration.ts";
import { formatPath } from "./field-path.ts";
import { compareSeniority, type Origin, type Placed } from "./origin.ts";
import { formatObjectId, type ObjectId } from "./problem.ts";
import { objectId, type Resource } from "./resource.ts";
import { sameJson } from "./same-json.ts";
import { settlePools } from "./settle-pools.ts";

/** Settings of `resolve`. */
export interface ResolveOptions {
  /** Only `metallb.io` objects of this namespace act; undefined: of any. */
  readonly namespace?: string | undefined;
}

/**
 * Decides what is in force, given what was and all objects there are now.
 *
 * A wrong object stays in force in its last valid form; of two that contradict each other the one in force stays, at a
 * cold start the older one. The order of listing never matters. What did not change is the same object as before.
 */
export function resolve(
  previous: Configuration,
  candidates: readonly Candidate[],
  { namespace }: ResolveOptions = {},
): Configuration {
  const problems: ObjectProblem[] = [];
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const id = idOf(candidate);
    for (const problem of ownProblems(candidate, id)) problems.push(problem);
    if (!id || candidate.outcome.type === "ignored") continue;
    const elsewhere = outsideNamespace(id, candidate.origin, namespace);
    if (elsewhere) problems.push(elsewhere);
    else enter(groups, formatObjectId(id), candidate);
  }
  const inForce = new Map<string, InForce>();
  for (const [key, rivals] of groups) {
    const last = previous.inForce.get(key);
    const chosen = choose(rivals, last);
    const form = currentForm(chosen, last);
    if (form) inForce.set(key, form);
    for (const other of rivals) if (other !== chosen) problems.push(duplicate(other, chosen.origin));
  }
  problems.push(...settlePools(previous, inForce), ...unknownPools(inForce));
  return { inForce, problems, poolSetAside: problems.some(setsPoolAside) };
}

/** An error of an object that does not say what it is may be a pool's. */
function setsPoolAside({ severity, id }: ObjectProblem): boolean {
  return severity === "error" && (!id || id.kind === "IPAddressPool");
}

function idOf({ outcome }: Candidate): ObjectId | undefined {
  return outcome.type === "resource" ? objectId(outcome.resource) : outcome.id;
}

/** Errors and warnings that an object has by itself. */
function ownProblems({ origin, outcome }: Candidate, id: ObjectId | undefined): ObjectProblem[] {
  const errors = outcome.type === "invalid" ? outcome.problems : [];
  if (errors.length === 0 && outcome.warnings.length === 0) return [];
  return [
    ...errors.map((problem): ObjectProblem => ({ ...problem, severity: "error", id, origin })),
    ...outcome.warnings.map((problem): ObjectProblem => ({ ...problem, severity: "warning", id, origin })),
  ];
}

const OWN_KINDS: ReadonlySet<string> = new Set(["IPAddressPool", "L2Advertisement"]);

function outsideNamespace(id: ObjectId, origin: Origin, namespace: string | undefined): ObjectProblem | undefined {
  if (namespace === undefined || !OWN_KINDS.has(id.kind) || id.namespace === namespace) return undefined;
  const message = `resource must be created in ${namespace} namespace; in "${id.namespace}" it has no effect`;
  return { path: "metadata.namespace", message, code: "otherNamespace", severity: "warning", id, origin };
}

function enter(groups: Map<string, Candidate[]>, key: string, candidate: Candidate): void {
  const group = groups.get(key);
  if (group) group.push(candidate);
  else groups.set(key, [candidate]);
}

/** Of several forms of one object: what is in force, else what stands where that stood, else the senior valid one. */
function choose(rivals: readonly Candidate[], last: InForce | undefined): Candidate {
  if (rivals.length === 1) return rivals[0] as Candidate;
  const inOrder = rivals.toSorted((a, b) => validity(a) - validity(b) || compareSeniority(placed(a), placed(b)));
  const inSameFile = last ? inOrder.filter(({ origin }) => origin.file === last.origin.file) : [];
  return (
    inSameFile.find(({ outcome }) => outcome.type === "resource" && sameJson(outcome.resource, last?.resource)) ??
    inSameFile.find(({ origin }) => origin.position === last?.origin.position) ??
    inSameFile[0] ??
    (inOrder[0] as Candidate)
  );
}

function validity({ outcome }: Candidate): number {
  return outcome.type === "resource" ? 0 : 1;
}

function placed({ origin, outcome }: Candidate): Placed {
  return { origin, resource: outcome.type === "resource" ? outcome.resource : undefined };
}

/** The present form if it is valid, else the last one that was. */
function currentForm({ origin, outcome }: Candidate, last: InForce | undefined): InForce | undefined {
  if (outcome.type !== "resource") return last && (last.outdated ? last : { ...last, outdated: true });
  const { resource } = outcome;
  if (!last || !sameJson(resource, last.resource)) return { resource, origin, outdated: false };
  const inPlace = last.origin.file === origin.file && last.origin.position === origin.position;
  return inPlace && !last.outdated ? last : { resource: last.resource, origin, outdated: false };
}

function duplicate(candidate: Candidate, { file }: Origin): ObjectProblem {
  const { origin } = candidate;
  const place = file === undefined || file === origin.file ? "" : ` in ${file}`;
  const message = `the same object is already defined${place}; remove one of the two`;
  return { path: "metadata.name", message, code: "duplicateObject", severity: "error", id: idOf(candidate), origin };
}

/** Warns of advertisements that name pools which are not in force. */
function unknownPools(inForce: ReadonlyMap<string, InForce>): ObjectProblem[] {
  const resources = Array.from(inForce.values());
  const pools = new Set(resources.filter(isPool).map(({ resource }) => resource.metadata.name));
  return resources.flatMap(({ resource, origin }) => {
    if (resource.kind !== "L2Advertisement") return [];
    return resource.spec.ipAddressPools.flatMap((name, i): ObjectProblem[] => {
      if (pools.has(name)) return [];
      const path = formatPath(["spec", "ipAddressPools", i]);
      const message = `no pool "${name}" is in force; the name has no effect`;
      return [{ path, message, code: "unknownReference", severity: "warning", id: objectId(resource), origin }];
    });
  });
}

function isPool({ resource }: { readonly resource: Resource }): boolean {
  return resource.kind === "IPAddressPool";
}
