import type { StatusTarget } from "./status-kind.ts";

/** What an object's status should be. */
export interface DesiredStatus {
  /** Labels that the object must have, whatever others there are; only of kinds that Herald owns. */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Whole, for kinds that Herald owns; else only the fields that Herald writes. A bigint is written to the last digit.
   * `conditions` are {@link DesiredCondition}s.
   */
  readonly status: Readonly<Record<string, unknown>>;
  /** Types of conditions that are replaced by those of `status`, where others have conditions in the list too. */
  readonly conditionTypes?: readonly string[];
}

/** A status and where it belongs. */
export interface TargetedStatus extends DesiredStatus {
  readonly target: StatusTarget;
}

/** A condition, but for the time of its last change, which follows from what is there. */
export interface DesiredCondition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  /** One word for programs. */
  readonly reason: string;
  readonly message: string;
}
