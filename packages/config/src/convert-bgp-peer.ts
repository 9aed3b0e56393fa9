import { seconds } from "./duration.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import { sameJson } from "./same-json.ts";

/** Holds, on a v1beta1 object, those fields of the v1beta2 spec that v1beta1 cannot say. */
const BEYOND_V1BETA1 = "heraldlb.io/bgppeer-v1beta2";

const REQUIRED_BY_V1BETA1 = { myASN: 0, peerASN: 0, peerAddress: "" };

const SHARED: ReadonlySet<string> = new Set([
  "myASN",
  "peerASN",
  "peerAddress",
  "sourceAddress",
  "peerPort",
  "holdTime",
  "keepaliveTime",
  "routerID",
  "nodeSelectors",
  "password",
  "bfdProfile",
  "ebgpMultiHop",
]);

/**
 * A BGPPeer in another version, as a conversion webhook answers it. Nothing is lost on the way to v1beta1 and back.
 *
 * A peer, a port or a time that is zero in v1beta1 was never written; it is absent in v1beta2, where a time of `0s`
 * turns timers off.
 */
export function convertBgpPeer(object: JsonObject, version: "v1beta1" | "v1beta2"): JsonObject {
  const apiVersion = `metallb.io/${version}`;
  const { apiVersion: current, metadata: before, spec: given } = object;
  if (current === apiVersion) return object;
  const spec = fieldsOf(given);
  const { annotations: all, ...metadata } = fieldsOf(before);
  const { [BEYOND_V1BETA1]: beyond, ...annotations } = fieldsOf(all);
  if (version === "v1beta2") {
    return { ...object, apiVersion, ...annotated(metadata, annotations), spec: { ...parse(beyond), ...written(spec) } };
  }
  const former = pick(spec, ([key]) => SHARED.has(key));
  const back = written(former);
  const kept = pick(spec, ([key, value]) => !sameJson(value, back[key]));
  const more = Object.keys(kept).length > 0 ? { [BEYOND_V1BETA1]: JSON.stringify(kept) } : {};
  return {
    ...object,
    apiVersion,
    ...annotated(metadata, { ...annotations, ...more }),
    spec: { ...REQUIRED_BY_V1BETA1, ...former },
  };
}

/** What a v1beta1 spec says. */
function written(spec: JsonObject): JsonObject {
  return pick(spec, ([key, value]) => {
    if (key === "holdTime" || key === "keepaliveTime") return typeof value !== "string" || seconds(value) !== 0;
    return key === "myASN" || (value !== 0 && value !== "");
  });
}

function annotated(metadata: JsonObject, annotations: JsonObject): JsonObject {
  return { metadata: Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata };
}

function parse(text: unknown): JsonObject {
  try {
    return fieldsOf(JSON.parse(String(text)));
  } catch {
    return {};
  }
}

function fieldsOf(json: unknown): JsonObject {
  return isJsonObject(json) ? json : {};
}

function pick(json: JsonObject, test: (entry: [string, unknown]) => boolean): JsonObject {
  return Object.fromEntries(Object.entries(json).filter(test));
}
