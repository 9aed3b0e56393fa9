import * as z from "zod";

/** A rule that an API server evaluates (CEL) with the same in TypeScript beside it. */
export interface Rule<T = never> {
  /** The CEL expression. */
  readonly rule: string;
  readonly message: string;
  /** What `rule` says about a value with its defaults filled in. */
  readonly holds: (self: T) => boolean;
}

/** A rule about a change: evaluated only if the field was there before and is there still. */
export interface TransitionRule {
  /** The CEL expression; it names `oldSelf`. */
  readonly rule: string;
  readonly message: string;
  readonly allows: (oldSelf: unknown, self: unknown) => boolean;
}

/** Which rules stand on a schema. */
export const RULES = z.registry<{ readonly rules: readonly (Rule | TransitionRule)[] }>();

/** Puts rules on a schema, for validation and for the CRD. */
export function ruled<Schema extends z.ZodType>(schema: Schema, rules: readonly Rule<z.output<Schema>>[]): Schema {
  const checked = rules.reduce((before, { holds, message }) => before.refine(holds, { message }), schema);
  RULES.add(checked, { rules });
  return checked;
}

/** Refuses every change of a field, with this message. */
export function immutable<Schema extends z.ZodType>(schema: Schema, message: string): Schema {
  const rule: TransitionRule = { rule: "self == oldSelf", message, allows: (oldSelf, self) => self === oldSelf };
  RULES.add(schema, { rules: [rule] });
  return schema;
}
