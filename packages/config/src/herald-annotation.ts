import { type AnnotationValue, addressList, durationMs, toggle, wholeNumber } from "./annotation-value.ts";
import { formatPath } from "./field-path.ts";
import { nearest } from "./nearest.ts";
import type { Problem } from "./problem.ts";

/** A setting of Herald's own, written as an annotation. */
export interface HeraldAnnotation<T> {
  /** The kinds that it may stand on. */
  readonly kinds: readonly string[];
  readonly value: AnnotationValue<T>;
  /** What holds without it, for people. */
  readonly otherwise: string;
  /** What it does, a sentence for people. */
  readonly meaning: string;
}

const UINT32 = 0xffffffff;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** All of Herald's own settings: the one list of them. */
export const HERALD_ANNOTATIONS = {
  "heraldlb.io/reassign": {
    kinds: ["Service"],
    value: toggle,
    otherwise: "the Service keeps it",
    meaning: "Gives up an address that its pool no longer has as soon as a pool has another one for it.",
  },
  "heraldlb.io/refresh": {
    kinds: ["Service", "L2Advertisement"],
    value: durationMs(1000, DAY),
    otherwise: "nothing is repeated",
    meaning:
      "Repeats the gratuitous packets of layer 2 so often; a Service's own value goes before its advertisements'.",
  },
  "heraldlb.io/quota-per-namespace": {
    kinds: ["IPAddressPool"],
    value: wholeNumber(0, UINT32),
    otherwise: "no limit",
    meaning: "How many addresses of the pool the Services of one namespace may hold together.",
  },
  "heraldlb.io/cool-down": {
    kinds: ["IPAddressPool"],
    value: durationMs(0, 365 * DAY),
    otherwise: "none, and the lowest free address first",
    meaning:
      "How long a freed address of the pool rests before another Service gets it; of those that may be given, the one that rested longest is next.",
  },
  "heraldlb.io/reserved": {
    kinds: ["IPAddressPool"],
    value: addressList,
    otherwise: "none",
    meaning: "Addresses of the pool that only a Service that asks for them by address gets.",
  },
  "heraldlb.io/med": {
    kinds: ["BGPAdvertisement"],
    value: wholeNumber(0, UINT32),
    otherwise: "0",
    meaning: "MULTI_EXIT_DISC of the routes.",
  },
  "heraldlb.io/as-path-prepend": {
    kinds: ["BGPAdvertisement"],
    value: wholeNumber(0, 16),
    otherwise: "0",
    meaning: "How many times more than once the local AS number stands in the AS_PATH; only towards eBGP peers.",
  },
  "heraldlb.io/link-bandwidth": {
    kinds: ["BGPAdvertisement"],
    value: toggle,
    otherwise: "no weights",
    meaning:
      "Adds a link bandwidth in proportion to the ready endpoints on the node, so that routers weight the nodes.",
  },
  "heraldlb.io/graceful-shutdown": {
    kinds: ["BGPPeer"],
    value: durationMs(0, 10 * MINUTE),
    otherwise: "routes are withdrawn at once",
    meaning:
      "When the node's speaker ends: how long its routes carry the community GRACEFUL_SHUTDOWN (RFC 8326) before they are withdrawn; more than 3 s count as 3 s, for the process ends within 5 s.",
  },
  "heraldlb.io/add-path": {
    kinds: ["BGPPeer"],
    value: toggle,
    otherwise: "not offered",
    meaning: "Offers the peer to send several paths for one prefix (RFC 7911).",
  },
  "heraldlb.io/gtsm": {
    kinds: ["BGPPeer"],
    value: wholeNumber(1, 254),
    otherwise: "no such check",
    meaning:
      "How many hops away the peer is at most: packets with a smaller TTL than that allows are dropped (RFC 5082).",
  },
} as const satisfies Readonly<Record<`heraldlb.io/${string}`, HeraldAnnotation<unknown>>>;

/** The name of a setting of Herald's own. */
export type HeraldAnnotationName = keyof typeof HERALD_ANNOTATIONS;

/** The type of a setting's value. */
export type HeraldValue<N extends HeraldAnnotationName> = NonNullable<
  ReturnType<(typeof HERALD_ANNOTATIONS)[N]["value"]["parse"]>
>;

/** The value of a setting; undefined if it is not set, or not rightly: then what holds without it holds. */
export function heraldSetting<N extends HeraldAnnotationName>(
  annotations: Readonly<Record<string, string>>,
  name: N,
): HeraldValue<N> | undefined {
  const text = Object.hasOwn(annotations, name) ? annotations[name] : undefined;
  // The parser stands under the same name as its type.
  return text === undefined ? undefined : (HERALD_ANNOTATIONS[name].value.parse(text) as HeraldValue<N> | undefined);
}

/** Settings that Herald does not know at all, or not on this kind: they have no effect. */
export function strayAnnotations(kind: string, annotations: Readonly<Record<string, string>>): Problem[] {
  return heraldKeys(annotations).flatMap((key): Problem[] => {
    const known = heraldAnnotation(key);
    if (known?.kinds.includes(kind)) return [];
    if (!known) return [unknownAnnotation(key, nearest(key, Object.keys(HERALD_ANNOTATIONS)) ?? "")];
    const message = `the annotation has no effect on kind ${kind}; it belongs on: ${known.kinds.join(", ")}`;
    return [{ path: annotationPath(key), message, code: "unknownAnnotation" }];
  });
}

/** The warning about an annotation whose name nobody knows, with the one that may be meant. */
export function unknownAnnotation(key: string, meant: string): Problem {
  const message = `Herald knows no such annotation; did you mean ${meant}?`;
  return { path: annotationPath(key), message, code: "unknownAnnotation" };
}

/** Settings with a value that is none. */
export function wrongAnnotations(kind: string, annotations: Readonly<Record<string, string>>): Problem[] {
  return heraldKeys(annotations).flatMap((key): Problem[] => {
    const known = heraldAnnotation(key);
    const text = annotations[key] ?? "";
    if (!known?.kinds.includes(kind) || known.value.parse(text) !== undefined) return [];
    const message = `must be ${known.value.syntax}, not ${JSON.stringify(text.slice(0, 50))}`;
    return [{ path: annotationPath(key), message, code: "invalidAnnotation" }];
  });
}

/** An annotation's place in an object. */
export function annotationPath(key: string): string {
  return formatPath(["metadata", "annotations", key]);
}

function heraldKeys(annotations: Readonly<Record<string, string>>): string[] {
  return Object.keys(annotations).filter((key) => key.startsWith("heraldlb.io/"));
}

function heraldAnnotation(key: string): HeraldAnnotation<unknown> | undefined {
  return Object.hasOwn(HERALD_ANNOTATIONS, key) ? HERALD_ANNOTATIONS[key as HeraldAnnotationName] : undefined;
}
