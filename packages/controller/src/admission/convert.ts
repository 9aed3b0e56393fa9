import { convertBgpPeer } from "@heraldlb/config";
import { DecodeError } from "@heraldlb/net";
import { isObject, type JsonObject, type ReviewKind, requestOf, textAt } from "./json.ts";

const CONVERSION_REVIEW: ReviewKind = { apiVersion: "apiextensions.k8s.io/v1", kind: "ConversionReview" };

/** The answer to a request for other versions of objects. */
export interface Conversion {
  readonly review: JsonObject;
  /** Why it does not give them. */
  readonly problem?: string | undefined;
}

/**
 * Answers a ConversionReview about BGPPeers, without loss. If one of its objects cannot be converted the answer is a
 * failure that names it.
 *
 * @throws DecodeError if it is no ConversionReview
 */
export function convertReview(json: unknown): Conversion {
  const request = requestOf(json, CONVERSION_REVIEW);
  const uid = textAt(request, "uid");
  const { objects } = request;
  if (!Array.isArray(objects)) throw new DecodeError("malformed", "objects must be a list");
  try {
    const version = versionOf(textAt(request, "desiredAPIVersion"));
    const convertedObjects = objects.map((object, i) => convert(object, { version, position: i }));
    return { review: answer({ uid, result: { status: "Success" }, convertedObjects }) };
  } catch (error) {
    if (!(error instanceof ConversionError)) throw error;
    const problem = error.message;
    return { review: answer({ uid, result: { status: "Failure", message: problem } }), problem };
  }
}

class ConversionError extends Error {
  override readonly name = "ConversionError";
}

function answer(response: JsonObject): JsonObject {
  return { ...CONVERSION_REVIEW, response };
}

function versionOf(apiVersion: string): "v1beta1" | "v1beta2" {
  if (apiVersion === "metallb.io/v1beta1") return "v1beta1";
  if (apiVersion === "metallb.io/v1beta2") return "v1beta2";
  throw new ConversionError(`there is no BGPPeer in "${apiVersion}"; ask for metallb.io/v1beta2`);
}

function convert(
  object: unknown,
  { version, position }: { readonly version: "v1beta1" | "v1beta2"; readonly position: number },
): JsonObject {
  if (!isObject(object)) throw new ConversionError(`object ${position} is no Kubernetes object`);
  const name = nameOf(object, position);
  const { apiVersion, kind } = object;
  if (kind !== "BGPPeer") throw new ConversionError(`${name}: only BGPPeers have several versions`);
  if (apiVersion !== "metallb.io/v1beta1" && apiVersion !== "metallb.io/v1beta2") {
    throw new ConversionError(`${name}: its version is unknown`);
  }
  try {
    return convertBgpPeer(object, version);
  } catch (cause) {
    // Whoever nests fields thousands deep ends the recursion.
    if (!(cause instanceof RangeError)) throw cause;
    throw new ConversionError(`${name}: is nested too deeply`, { cause });
  }
}

function nameOf({ kind, metadata }: JsonObject, position: number): string {
  const { namespace, name } = isObject(metadata) ? metadata : {};
  return typeof name === "string" ? `${String(kind)} ${String(namespace)}/${name}` : `object ${position}`;
}
