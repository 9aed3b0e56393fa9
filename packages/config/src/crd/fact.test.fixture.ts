/** What is known of one version of a kind. */
export interface KindFacts {
  /** Name, type, path and priority of what `kubectl get` shows. */
  readonly columns: readonly string[];
  readonly deprecation?: string;
  readonly fields: readonly FieldFacts[];
}

/** A path with what holds there. */
export type FieldFacts = readonly [path: string, fact: Fact];

/** What holds for a field: keywords of its schema, and values to try. */
export interface Fact {
  readonly type: "object" | "array" | "string" | "integer" | "boolean";
  readonly format?: "int32" | "int64" | "date-time";
  readonly required?: true;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly pattern?: string;
  readonly listType?: "atomic" | "map";
  readonly mapKeys?: readonly string[];
  readonly mapType?: "atomic";
  readonly rules?: readonly RuleFact[];
  /** What MetalLB's code can read of a number; its schema takes more, since older API servers ignore its format. */
  readonly readable?: readonly [number, number];
  /** A good value, where not any of the type is. */
  readonly example?: string;
  /** Bad values beside those that follow from the keywords. */
  readonly refuses?: readonly string[];
}

/** A rule in CEL with values for it. */
export interface RuleFact {
  readonly rule: string;
  readonly message: string;
  readonly accepts: readonly unknown[];
  readonly refuses: readonly unknown[];
}

/** A field's values before and after, for a rule about changes. */
export interface Change {
  readonly oldSelf: unknown;
  readonly self: unknown;
}

/** A change of a field. */
export function change(oldSelf: unknown, self: unknown): Change {
  return { oldSelf, self };
}

/** An AS number of 32 bits. */
export function asn(minimum: number, more: Partial<Fact> = {}): Fact {
  return { type: "integer", format: "int64", minimum, maximum: 4_294_967_295, ...more };
}

/** A number with the format int32. */
export function int32(minimum: number, maximum: number, more: Partial<Fact> = {}): Fact {
  return { type: "integer", format: "int32", minimum, maximum, ...more };
}

/** A text that may be set, but never changed. */
export function immutableText(): Fact {
  const message = "Value is immutable";
  return {
    type: "string",
    rules: [
      { rule: "self == oldSelf", message, accepts: [change("a", "a")], refuses: [change("a", "b"), change("a", "")] },
    ],
  };
}

/** A list with its items. */
export function list(path: string, item: Fact, more: Partial<Fact> = {}): FieldFacts[] {
  return [
    [path, { type: "array", ...more }],
    [`${path}[]`, item],
  ];
}

/** A list of LabelSelectors. */
export function selectors(path: string): FieldFacts[] {
  return [[path, { type: "array" }], ...selector(`${path}[]`)];
}

/** Kubernetes' LabelSelector. */
export function selector(path: string, more: Partial<Fact> = {}): FieldFacts[] {
  return [
    [path, { type: "object", mapType: "atomic", ...more }],
    [`${path}.matchLabels`, { type: "object" }],
    [`${path}.matchLabels.*`, { type: "string" }],
    ...list(`${path}.matchExpressions`, { type: "object" }, { listType: "atomic" }),
    [`${path}.matchExpressions[].key`, { type: "string", required: true }],
    [`${path}.matchExpressions[].operator`, { type: "string", required: true }],
    ...list(`${path}.matchExpressions[].values`, { type: "string" }, { listType: "atomic" }),
  ];
}
