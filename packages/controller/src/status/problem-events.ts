import type { ObjectProblem } from "@heraldlb/config";
import type { ObjectEvent } from "./object-event.ts";

/** What to tell of an object that is wrong or odd; nothing of one that does not say what it is. */
export function problemEvents({ id, severity, path, message, code }: ObjectProblem): ObjectEvent[] {
  if (!id) return [];
  if (code === "deprecatedAnnotation") {
    const key = /\["(.*)"\]$/.exec(path)?.[1] ?? path;
    const words = `Service uses deprecated annotation ${key}`;
    return [{ object: id, type: "Warning", reason: "deprecatedAnnotation", message: words, cause: code }];
  }
  const reason = severity === "error" ? "ConfigurationError" : "ConfigurationWarning";
  return [{ object: id, type: "Warning", reason, message: path ? `${path}: ${message}` : message, cause: code }];
}
