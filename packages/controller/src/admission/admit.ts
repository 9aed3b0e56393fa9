import {
  type Candidate,
  type Configuration,
  EMPTY_CONFIGURATION,
  formatObjectId,
  type InForce,
  type ObjectId,
  type ObjectProblem,
  objectId,
  type Problem,
  type ReadOutcome,
  readResource,
  resolve,
} from "@heraldlb/config";
import { CONFIGURATION_KINDS } from "../configuration-kinds.ts";
import { isObject } from "./json.ts";
import type { AdmissionRequest, AdmissionResponse, Cause, Denial } from "./review.ts";

/** What is known when somebody wants to change an object. */
export interface AdmitContext {
  /** What is in force. */
  readonly configuration: Configuration;
  /** Where objects act. */
  readonly namespace: string;
}

/**
 * Says whether an object of `metallb.io` may be created, changed or deleted, by what is said about manifests anywhere.
 *
 * Denied is only what the change itself gets wrong: not what was wrong before it, nor what objects of another kind, that
 * may come in any order, can still put right. All of that is told as warnings.
 */
export function admit(request: AdmissionRequest, context: AdmitContext): AdmissionResponse {
  const { uid, group, subResource, operation } = request;
  if (group !== "metallb.io" || subResource !== "") return { uid, allowed: true };
  switch (operation) {
    case "CREATE":
    case "UPDATE":
      return admitForm(request, context);
    case "DELETE":
      return admitDeletion(request, context);
    default:
      return { uid, allowed: true };
  }
}

function admitForm(request: AdmissionRequest, context: AdmitContext): AdmissionResponse {
  const { uid, kind, namespace, operation, object, oldObject } = request;
  const isElsewhere = namespace !== context.namespace && CONFIGURATION_KINDS.has(kind);
  if (operation === "CREATE" && isElsewhere) {
    const message = `resource must be created in ${context.namespace} namespace`;
    return refuse(uid, FORBIDDEN, [{ field: "", reason: "otherNamespace", message }]);
  }
  // Only its finalizers are to go.
  if (isLeaving(object)) return { uid, allowed: true };
  const outcome = readResource(object, { defaultNamespace: namespace });
  const id = idOf(outcome);
  if (!id || id.kind !== kind) return refuse(uid, UNREADABLE, unreadable(outcome, kind));
  const found = problemsOf(id, outcome, context);
  const errors = found.filter(isDeniable);
  const before = errors.length > 0 && operation === "UPDATE" ? formerErrors(id, oldObject, context) : new Set();
  const caused = errors.filter((error) => !before.has(identify(error)));
  // The form that stays in force when this one is denied has its own, which are not what is asked about.
  const own = caused.length > 0 ? problemsOf(id, outcome, withoutFormer(id, context)).map(identify) : undefined;
  const warnings = found
    .filter((problem) => !caused.includes(problem) && (own?.includes(identify(problem)) ?? true))
    .map((problem) => describe(causeOf(problem), id));
  const response = caused.length > 0 ? refuse(uid, FORBIDDEN, caused.map(causeOf), id) : { uid, allowed: true };
  return warnings.length > 0 ? { ...response, warnings } : response;
}

function isLeaving(object: unknown): boolean {
  const { metadata } = isObject(object) ? object : {};
  const { deletionTimestamp } = isObject(metadata) ? metadata : {};
  return deletionTimestamp !== undefined;
}

/** MetalLB, too, protects no other kind. */
function admitDeletion({ uid, kind, namespace, name }: AdmissionRequest, context: AdmitContext): AdmissionResponse {
  if (kind !== "BFDProfile" || namespace !== context.namespace) return { uid, allowed: true };
  const user = userOfProfile(name, context.configuration);
  if (user === undefined) return { uid, allowed: true };
  const message = `failed to delete BFDProfile ${name}, used by BGPPeer ${user}`;
  return refuse(uid, FORBIDDEN, [{ field: "", reason: "inUse", message }]);
}

/** A peer that names the profile: in the form that is in force, or as it is written. */
function userOfProfile(profile: string, { inForce, peersSetAside }: Configuration): string | undefined {
  const user = inForce.values().find(({ resource }) => {
    return resource.kind === "BGPPeer" && resource.spec.bfdProfile === profile;
  });
  return user?.resource.metadata.name ?? peersSetAside.find(({ bfdProfile }) => bfdProfile === profile)?.name;
}

/** What there is to say about a form of an object, if it came into a configuration in which all others are as they are. */
function problemsOf(id: ObjectId, outcome: ReadOutcome, { configuration, namespace }: AdmitContext): ObjectProblem[] {
  const key = formatObjectId(id);
  const related = [...configuration.inForce].filter(([other, { resource }]) => {
    return (
      other === key || CONFIGURATION_KINDS.has(resource.kind) || resource.kind === "Node" || resource.kind === "Secret"
    );
  });
  const others = related.filter(([other]) => other !== key).map(([, form]) => asCandidate(form));
  const previous: Configuration = { ...EMPTY_CONFIGURATION, inForce: new Map(related) };
  const { problems } = resolve(previous, [...others, { origin: {}, outcome }], { namespace });
  return problems.filter((problem) => problem.id && formatObjectId(problem.id) === key);
}

/** The same as if the object were new. */
function withoutFormer(id: ObjectId, { configuration, namespace }: AdmitContext): AdmitContext {
  const inForce = new Map(configuration.inForce);
  inForce.delete(formatObjectId(id));
  return { configuration: { ...configuration, inForce }, namespace };
}

function asCandidate({ resource, origin }: InForce): Candidate {
  return { origin, outcome: { type: "resource", resource, warnings: [] } };
}

/** Objects are read and written again for many reasons; that must not fail because of what has been wrong all along. */
function formerErrors(id: ObjectId, oldObject: unknown, context: AdmitContext): ReadonlySet<unknown> {
  const outcome = readResource(oldObject, { defaultNamespace: id.namespace });
  const errors = problemsOf(id, outcome, context).filter(({ severity }) => severity === "error");
  return new Set(errors.map(identify));
}

/** A Secret of no use can still be put right, as one that is missing can. */
function isDeniable({ severity, code }: ObjectProblem): boolean {
  return severity === "error" && code !== "wrongReference";
}

function unreadable(outcome: ReadOutcome, kind: string): readonly Cause[] {
  if (outcome.type === "invalid" && !outcome.id) return outcome.problems.map(causeOf);
  return [{ field: "kind", reason: "invalidField", message: `the object is no ${kind}` }];
}

const FORBIDDEN = { code: 403, reason: "Forbidden" } as const;
const UNREADABLE = { code: 400, reason: "BadRequest" } as const;

function refuse(
  uid: string,
  status: Pick<Denial, "code" | "reason">,
  causes: readonly Cause[],
  about?: ObjectId,
): AdmissionResponse {
  const message = causes.map((cause) => describe(cause, about)).join("\n");
  return { uid, allowed: false, status: { ...status, message, details: { causes } } };
}

function idOf(outcome: ReadOutcome): ObjectId | undefined {
  return outcome.type === "resource" ? objectId(outcome.resource) : outcome.id;
}

const causeOf = ({ path, code, message }: Problem): Cause => ({ field: path, reason: code, message });

/** Of several objects in one file, kubectl does not say which one it has sent. */
function describe({ field, message }: Cause, about?: ObjectId): string {
  const where = [about && `${about.kind}/${about.name}`, field].filter(Boolean).join(" ");
  return where ? `${where}: ${message}` : message;
}

const identify = ({ path, code, message }: Problem): string => `${path}\n${code}\n${message}`;
