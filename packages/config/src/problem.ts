/** What is wrong with a field, or odd about it. */
export interface Problem {
  /** `spec.addresses[0]`, `metadata.annotations["heraldlb.io/x"]`; empty for the object as a whole. */
  readonly path: string;
  /** One sentence that says what is wrong and how it is put right. */
  readonly message: string;
  readonly code: ProblemCode;
}

/** A machine-readable kind of problem. */
export type ProblemCode =
  | "notAnObject"
  | "invalidField"
  | "unknownField"
  | "unknownVersion"
  | "unknownKind"
  | "deprecatedVersion"
  | "unknownAnnotation"
  | "invalidAnnotation"
  | "deprecatedAnnotation"
  | "unknownReference"
  | "wrongReference"
  | "unmatchedSelector"
  | "noEffect"
  | "notPortable"
  | "conflict"
  | "otherNamespace"
  | "duplicateObject"
  | "overlap";

/** Which object: no two of a cluster have the same. */
export interface ObjectId {
  readonly kind: string;
  /** Empty for kinds without one. */
  readonly namespace: string;
  readonly name: string;
}

/** The id as one string, `Service default/web` or `Node n1`; usable as a Map key. */
export function formatObjectId({ kind, namespace, name }: ObjectId): string {
  return namespace ? `${kind} ${namespace}/${name}` : `${kind} ${name}`;
}
