import {
  type BgpPeer,
  type Configuration,
  formatObjectId,
  type ObjectId,
  type ObjectProblem,
  peersOfNode,
  type Resource,
  resolveBgp,
  type SelectorJson,
  toSelector,
} from "@heraldlb/config";
import { type Labels, matches } from "@heraldlb/labels";

/** A node with a speaker. */
export interface LabelledNode {
  readonly name: string;
  readonly labels: Labels;
}

/** What the configuration is, and how its objects are written. */
export interface WrittenConfiguration {
  readonly configuration: Pick<Configuration, "inForce" | "problems">;
  /** The object as it is written, if it is valid by itself, though something may keep it out of force. */
  written(id: ObjectId): Resource | undefined;
}

/** Kinds that decide which address a Service gets. */
const POOL_KINDS: ReadonlySet<string> = new Set(["IPAddressPool", "Community"]);

/** Kinds that a node looks at. */
const NODE_KINDS: ReadonlySet<string> = new Set([
  ...POOL_KINDS,
  ...["L2Advertisement", "BGPAdvertisement", "BGPPeer", "BFDProfile"],
]);

/** What MetalLB refuses if it is missing; Herald goes on without it, and warns. */
const NEEDED_REFERENCES = /^spec\.(bfdProfile$|passwordSecret\.|communities\[)/;

/** Whether something is not in force as it is written. */
export function isConfigurationError({ severity, code, path, id }: ObjectProblem): boolean {
  if (id && !NODE_KINDS.has(id.kind)) return false;
  return severity === "error" || (code === "unknownReference" && NEEDED_REFERENCES.test(path));
}

/** Whether the problem is one of giving addresses. What does not say what it is may be a pool. */
export function concernsController({ id }: ObjectProblem): boolean {
  return !id || POOL_KINDS.has(id.kind);
}

/** Whether the problem is one of the node: that of a peer only where the peer is, that of a collision only where it is. */
export function concernsNode(
  { id, code }: ObjectProblem,
  node: LabelledNode,
  { configuration, written }: WrittenConfiguration,
): boolean {
  const resource = id && (written(id) ?? configuration.inForce.get(formatObjectId(id))?.resource);
  switch (resource?.kind) {
    case "BGPPeer":
      if (!selects(resource.spec.nodeSelectors, node)) return false;
      return code !== "conflict" || collides(resource, node, configuration);
    case "L2Advertisement":
    case "BGPAdvertisement":
      return selects(resource.spec.nodeSelectors, node);
    default:
      return true;
  }
}

function selects(selectors: readonly SelectorJson[], { labels }: LabelledNode): boolean {
  return selectors.length === 0 || selectors.some((selector) => matches(toSelector(selector), labels));
}

/** Whether another peer goes where this one goes, on this node. */
function collides(peer: BgpPeer, { labels }: LabelledNode, { inForce }: Pick<Configuration, "inForce">): boolean {
  const key = formatObjectId({ kind: peer.kind, ...peer.metadata });
  const others = [...inForce].flatMap(([id, form]) => (id !== key && form.resource.kind === "BGPPeer" ? [form] : []));
  const own = { resource: peer, origin: {}, outdated: false };
  const count = (forms: typeof others) => peersOfNode(resolveBgp(forms).peers, labels).length;
  return count([...others, own]) === count(others);
}
