import {
  type Candidate,
  EMPTY_CONFIGURATION,
  type ObjectId,
  type Problem,
  type ReadOutcome,
  readResource,
  resolve,
} from "@heraldlb/config";
import type { FileObject, FileProblem, Reading } from "@heraldlb/files";
import type { Finding, Report } from "./report.ts";
import { requestProblems } from "./service-requests.ts";

/** How manifests are validated. */
export interface ValidateOptions {
  /** Only objects of this namespace act; undefined: of any. It is also that of objects that name none. */
  readonly namespace: string | undefined;
  /** Warnings are errors. */
  readonly strict: boolean;
}

const DEFAULT_NAMESPACE = "default";
const OWN_GROUP = /^metallb\.io\//;

/** Says what is wrong with manifests: each by itself, and all together. */
export function validate({ objects, problems }: Reading, { namespace, strict }: ValidateOptions): Report {
  const defaultNamespace = namespace ?? DEFAULT_NAMESPACE;
  const read = objects.map((object) => ({ object, outcome: readResource(object.json, { defaultNamespace }) }));
  const [others, own] = [read.filter(isPassedOver), read.filter((each) => !isPassedOver(each))];
  const places = new Map(own.map(({ object }) => [placeOf(object), object]));
  const candidates = own.map(({ object, outcome }): Candidate => {
    return { origin: { file: object.file, position: object.position }, outcome };
  });
  const configuration = resolve(EMPTY_CONFIGURATION, candidates, { namespace });
  const all = [...configuration.problems, ...requestProblems(configuration)];
  const found = all.map(({ severity, id, origin, ...problem }) => {
    const object = places.get(placeOf(origin)) as FileObject;
    const isError = severity === "error" || isMisnamed(problem);
    return { isError, finding: findingOf(problem, id, object) };
  });
  const errors = [...problems.map(findingOfFile), ...found.filter((it) => it.isError).map((it) => it.finding)];
  const warnings = found.filter((it) => !it.isError).map((it) => it.finding);
  const files = Array.from(new Set([...objects, ...problems].map(({ file }) => file)));
  return {
    objects: own.length,
    errors: inOrder(strict ? [...errors, ...warnings] : errors, files),
    warnings: strict ? [] : inOrder(warnings, files),
    passedOver: countKinds(others.map(({ object }) => object)),
  };
}

type Told = Omit<Problem, "code"> & { readonly code: string };

interface ReadObject {
  readonly object: FileObject;
  readonly outcome: ReadOutcome;
}

/** Kinds of others. One that would be `metallb.io`'s, and is not, is a mistake. */
function isPassedOver({ object, outcome }: ReadObject): boolean {
  return outcome.type === "ignored" && outcome.reason === "unknownKind" && !OWN_GROUP.test(apiVersionOf(object));
}

function isMisnamed({ code }: Told): boolean {
  return code === "unknownKind";
}

function apiVersionOf({ json }: FileObject): string {
  return String((json as { readonly apiVersion?: unknown }).apiVersion);
}

function placeOf({ file, position }: { readonly file?: string | undefined; readonly position?: number | undefined }) {
  return `${position} ${file}`;
}

function findingOf({ path, message, code }: Told, id: ObjectId | undefined, object: FileObject): Finding {
  const place = { file: object.file, line: object.lineOf(path) };
  const named = id && { kind: id.kind, ...(id.namespace && { namespace: id.namespace }), name: id.name };
  return { ...place, ...named, field: path, code, ...split(message) };
}

function findingOfFile({ file, line = 1, code, message }: FileProblem): Finding {
  return { file, line, field: "", code, ...split(message) };
}

/** Messages say what is wrong, and behind the last semicolon how it is put right. */
function split(message: string): Pick<Finding, "reason" | "fix"> {
  const at = message.lastIndexOf("; ");
  return at < 0 ? { reason: message, fix: "" } : { reason: message.slice(0, at), fix: message.slice(at + 2) };
}

/** By file as they were read, and by line. */
function inOrder(findings: readonly Finding[], files: readonly string[]): Finding[] {
  return findings.toSorted((a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line);
}

function countKinds(objects: readonly FileObject[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { json } of objects) {
    const { apiVersion, kind } = json as { readonly apiVersion?: unknown; readonly kind?: unknown };
    const [group, version] = String(apiVersion).split("/");
    const name = version === undefined ? String(kind) : `${group}/${kind}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
