import { parseDuration } from "@heraldlb/runtime";
import * as z from "zod";

/** A duration as Go and Kubernetes write it: `90s`, `1m30s`. */
export const duration = z
  .string()
  .refine((text) => seconds(text) !== undefined, { message: 'is no duration; write for example "90s"', abort: true });

/** Seconds in a duration, with a fraction; undefined if it is none. */
export function seconds(text: string): number | undefined {
  const ns = nanoseconds(text);
  return ns === undefined ? undefined : ns / 1e9;
}

/** Nanoseconds in a duration, as whole as Go takes them; undefined if it is none. */
export function nanoseconds(text: string): number | undefined {
  const ms = parseDuration(text.replace(/^\+/, ""));
  return ms === undefined ? undefined : Math.round(ms * 1e6);
}
