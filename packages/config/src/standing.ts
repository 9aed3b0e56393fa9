import { changeProblems } from "./change.ts";
import type { Candidate, InForce, ObjectProblem } from "./configuration.ts";
import { mattersToOthers } from "./cross-check.ts";
import { ineffectiveFields } from "./ineffective.ts";
import { compareSeniority, type Origin, type Placed } from "./origin.ts";
import { formatObjectId, type ObjectId, type Problem } from "./problem.ts";
import { objectId, type ReadOutcome } from "./resource.ts";
import { sameJson } from "./same-json.ts";

/** What can be said of a candidate without looking at others. */
export interface Claim {
  /** The object whose form it wants to be; undefined if it does not count. */
  readonly key: string | undefined;
  readonly problems: readonly ObjectProblem[];
}

/** Says which object a candidate is about, and what is wrong with it by itself. */
export function claimOf(candidate: Candidate, namespace: string | undefined): Claim {
  const id = idOf(candidate);
  const problems = ownProblems(candidate, id);
  if (!id || candidate.outcome.type === "ignored") return { key: undefined, problems };
  if (namespace === undefined || id.namespace === namespace || !actsInNamespace(id.kind)) {
    return { key: formatObjectId(id), problems };
  }
  // Clusters are full of Secrets that are none of Herald's business.
  if (id.kind === "Secret") return { key: undefined, problems: [] };
  return { key: undefined, problems: [...problems, outsideNamespace(id, candidate.origin, namespace)] };
}

/** What becomes of an object. */
export interface Standing {
  /** Undefined: it is not in force. */
  readonly form: InForce | undefined;
  readonly problems: readonly ObjectProblem[];
}

/** Decides between the forms of one object, at least one, given what was in force. */
export function standingOf(rivals: readonly Candidate[], last: InForce | undefined): Standing {
  const chosen = choose(rivals, last);
  const others = rivals.length === 1 ? [] : rivals.filter((other) => other !== chosen);
  const duplicates = others.map((other) => duplicate(other, chosen.origin));
  const refused = refusedChange(chosen, last);
  if (refused.length > 0) return { form: last && outdated(last), problems: [...duplicates, ...refused] };
  return { form: currentForm(chosen, last), problems: duplicates };
}

/** Whether a pool may not be in force as it is. An error of an object that does not say what it is may be a pool's. */
export function setsPoolAside({ severity, id }: ObjectProblem): boolean {
  return severity === "error" && (!id || id.kind === "IPAddressPool");
}

function idOf({ outcome }: Candidate): ObjectId | undefined {
  return outcome.type === "resource" ? objectId(outcome.resource) : outcome.id;
}

/** Errors and warnings that an object has by itself. */
function ownProblems({ origin, outcome }: Candidate, id: ObjectId | undefined): ObjectProblem[] {
  const errors = outcome.type === "invalid" ? outcome.problems : [];
  const warnings = ownWarnings(outcome);
  if (errors.length === 0 && warnings.length === 0) return [];
  return [
    ...errors.map((problem): ObjectProblem => ({ ...problem, severity: "error", id, origin })),
    ...warnings.map((problem): ObjectProblem => ({ ...problem, severity: "warning", id, origin })),
  ];
}

function ownWarnings(outcome: ReadOutcome): readonly Problem[] {
  const ineffective = outcome.type === "resource" ? ineffectiveFields(outcome.resource) : [];
  return ineffective.length === 0 ? outcome.warnings : [...outcome.warnings, ...ineffective];
}

/** Kinds of which only objects in Herald's own namespace act. */
function actsInNamespace(kind: string): boolean {
  return mattersToOthers(kind) && kind !== "Node";
}

function outsideNamespace(id: ObjectId, origin: Origin, namespace: string): ObjectProblem {
  const message = `resource must be created in ${namespace} namespace; in "${id.namespace}" it has no effect`;
  return { path: "metadata.namespace", message, code: "otherNamespace", severity: "warning", id, origin };
}

/** Of several forms of one object: what is in force, else what stands where that stood, else the senior valid one. */
export function choose(rivals: readonly Candidate[], last: InForce | undefined): Candidate {
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
  if (outcome.type !== "resource") return last && !last.unclear ? outdated(last) : unclearForm(outcome, origin);
  const { resource } = outcome;
  if (!last || last.unclear || !sameJson(resource, last.resource)) return { resource, origin, outdated: false };
  const inPlace = last.origin.file === origin.file && last.origin.position === origin.position;
  return inPlace && !last.outdated ? last : { resource: last.resource, origin, outdated: false };
}

/** What can be read of an object of which no valid form is known. */
export function unclearForm(outcome: ReadOutcome, origin: Origin): InForce | undefined {
  if (outcome.type !== "invalid" || !outcome.readable) return undefined;
  const [problem] = outcome.problems;
  const unclear = `cannot be understood: ${problem?.path} ${problem?.message}`;
  return { resource: outcome.readable, origin, outdated: true, unclear };
}

function outdated(last: InForce): InForce {
  return last.outdated ? last : { ...last, outdated: true };
}

/** Of files nobody else says what an API server would: that a field may not change. */
function refusedChange({ origin, outcome }: Candidate, last: InForce | undefined): ObjectProblem[] {
  if (outcome.type !== "resource" || !last || outcome.resource === last.resource) return [];
  const id = objectId(outcome.resource);
  return changeProblems(last.resource, outcome.resource).map((problem): ObjectProblem => {
    return { ...problem, severity: "error", id, origin };
  });
}

function duplicate(candidate: Candidate, { file }: Origin): ObjectProblem {
  const { origin } = candidate;
  const place = file === undefined || file === origin.file ? "" : ` in ${file}`;
  const message = `the same object is already defined${place}; remove one of the two`;
  return { path: "metadata.name", message, code: "duplicateObject", severity: "error", id: idOf(candidate), origin };
}
