import type * as z from "zod";
import { isJsonObject, type JsonObject } from "./json.ts";
import { type Service, service } from "./service.ts";

// A wrong field, the entry that lacks one, and what such an entry is in.
const MOST_LEVELS = 3;

/**
 * What can be read of a Service that is wrong, as though what cannot be read were not there; undefined if it is surely
 * no load balancer, or nothing can be read. Its type is `LoadBalancer` and its policy `Local` if these cannot be read.
 */
export function readableService(json: JsonObject): Service | undefined {
  let left: unknown = json;
  for (let levels = 0; levels <= MOST_LEVELS; levels++) {
    const { success, data, error } = service.safeParse(left);
    if (success) return asWritten(data, json);
    const paths = error.issues.map(({ path }) => path.slice(0, Math.max(1, path.length - levels)));
    left = paths.reduceRight(without, left);
  }
  return undefined;
}

function asWritten(read: z.output<typeof service>, { spec: written }: JsonObject): Service | undefined {
  const { type, externalTrafficPolicy } = isJsonObject(written) ? written : { type: written };
  const spec = { ...read.spec };
  if (type !== undefined && type !== spec.type) spec.type = "LoadBalancer";
  if (externalTrafficPolicy !== undefined && externalTrafficPolicy !== spec.externalTrafficPolicy) {
    spec.externalTrafficPolicy = "Local";
  }
  return spec.type === "LoadBalancer" ? { ...read, spec } : undefined;
}

/** A copy without the field or entry in that place. */
function without(json: unknown, [head, ...below]: readonly PropertyKey[]): unknown {
  if (Array.isArray(json)) {
    const at = Number(head);
    return below.length > 0 ? json.with(at, without(json[at], below)) : json.toSpliced(at, 1);
  }
  if (!isJsonObject(json) || typeof head !== "string") return json;
  const { [head]: field, ...others } = json;
  return below.length > 0 && field !== undefined ? { ...others, [head]: without(field, below) } : others;
}
