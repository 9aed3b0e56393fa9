import { type FieldPath, formatPath } from "./field-path.ts";
import type { Problem } from "./problem.ts";

/** That a field refers to an object which is not there. */
export function missingReference(path: FieldPath, message: string): Problem {
  return { path: formatPath(["spec", ...path]), message, code: "unknownReference" };
}

/** That no object is like this: `what` names those that were looked at. */
export function unmatchedSelector(path: FieldPath, what: string): Problem {
  const message = `no ${what} has such labels; the selector has no effect`;
  return { path: formatPath(["spec", ...path]), message, code: "unmatchedSelector" };
}

/** That a field does nothing. */
export function noEffect(path: FieldPath, message: string): Problem {
  return { path: formatPath(["spec", ...path]), message, code: "noEffect" };
}
