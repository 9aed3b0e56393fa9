import {
  type BgpPeer,
  type Configuration,
  endpointKey,
  formatObjectId,
  type InForce,
  type ObjectId,
  type ObjectProblem,
  type Resource,
  type SelectorJson,
  toSelector,
} from "@heraldlb/config";
import { type Labels, matches } from "@heraldlb/labels";
import { CONFIGURATION_KINDS } from "../configuration-kinds.ts";

/** A node with a speaker. */
export interface LabelledNode {
  readonly name: string;
  readonly labels: Labels;
  /** What its speaker could not apply though it is in force: what, and why. */
  readonly failures?: readonly { readonly group: string; readonly message: string }[];
}

/** What the configuration is, and how its objects are written. */
export interface WrittenConfiguration {
  readonly configuration: Pick<Configuration, "inForce" | "problems">;
  /** The object as it is written, if it is valid by itself, though something may keep it out of force. */
  written(id: ObjectId): Resource | undefined;
}

/** Kinds that decide which address a Service gets. */
const POOL_KINDS: ReadonlySet<string> = new Set(["IPAddressPool", "Community"]);

/** What MetalLB refuses if it is missing; Herald goes on without it, and warns. */
const NEEDED_REFERENCES = /^spec\.(bfdProfile$|passwordSecret\.|communities\[)/;

/** Whether something is not in force as it is written. */
export function isConfigurationError({ severity, code, path, id }: ObjectProblem): boolean {
  if (id && !CONFIGURATION_KINDS.has(id.kind)) return false;
  return severity === "error" || (code === "unknownReference" && NEEDED_REFERENCES.test(path));
}

/** Whether the problem is one of giving addresses. What does not say what it is may be a pool. */
export function concernsController({ id }: ObjectProblem): boolean {
  return !id || POOL_KINDS.has(id.kind);
}

/** Whether a problem is one of a node. */
export type NodeConcern = (problem: ObjectProblem, node: LabelledNode) => boolean;

/** Problems of a peer or an advertisement are those of the nodes that it selects; a collision is one only where it is. */
export function nodeConcern({ configuration: { inForce }, written }: WrittenConfiguration): NodeConcern {
  const peers = once(() => peersByEndpoint(inForce.values()));
  const collides = (peer: BgpPeer, node: LabelledNode): boolean =>
    (peers().get(endpointKey(peer)) ?? []).some(({ metadata, spec }) => {
      const isItself = metadata.name === peer.metadata.name && metadata.namespace === peer.metadata.namespace;
      return !isItself && selects(spec.nodeSelectors, node);
    });
  return ({ id, code }, node) => {
    const resource = id && (written(id) ?? inForce.get(formatObjectId(id))?.resource);
    switch (resource?.kind) {
      case "BGPPeer":
        return selects(resource.spec.nodeSelectors, node) && (code !== "conflict" || collides(resource, node));
      case "L2Advertisement":
      case "BGPAdvertisement":
        return selects(resource.spec.nodeSelectors, node);
      default:
        return true;
    }
  };
}

function peersByEndpoint(forms: Iterable<InForce>): ReadonlyMap<string, readonly BgpPeer[]> {
  const peers = Iterator.from(forms).flatMap(({ resource }) => (resource.kind === "BGPPeer" ? [resource] : []));
  return Map.groupBy(peers, endpointKey);
}

function selects(selectors: readonly SelectorJson[], { labels }: LabelledNode): boolean {
  return selectors.length === 0 || selectors.some((selector) => matches(toSelector(selector), labels));
}

/** Most configurations have no collision: then nobody looks for one among thousands of objects. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
