import { parse, stringify } from "yaml";

/** What a Service was given, as its status file says. */
export interface StoredStatus {
  readonly namespace: string;
  readonly name: string;
  /** Addresses in the order of `status.loadBalancer.ingress`. */
  readonly addresses: readonly string[];
  /** Value of the annotation `metallb.io/ip-allocated-from-pool`; empty if it is missing. */
  readonly pool: string;
  /** Why that pool does not vouch for the addresses any more, as one word in camel case. */
  readonly stranded?: string | undefined;
  /** Manifests of the advertisements that announced them last, if these are gone. */
  readonly announcedBy?: readonly unknown[] | undefined;
}

const STRANDED_CONDITION = "heraldlb.io/AddressStranded";

const POOL_ANNOTATION = "metallb.io/ip-allocated-from-pool";

type Fields = Readonly<Record<string, unknown>>;

/** The Service's manifest with the status in it. What the manifest says of its status does not count. */
export function formatStatus(manifest: unknown, status: StoredStatus): string {
  const { namespace, name, addresses, pool, stranded, announcedBy } = status;
  const { metadata, ...fields } = fieldsOf(manifest);
  const { annotations, ...others } = fieldsOf(metadata);
  return stringify({
    apiVersion: "v1",
    kind: "Service",
    ...fields,
    metadata: { ...others, name, namespace, annotations: { ...fieldsOf(annotations), [POOL_ANNOTATION]: pool } },
    status: {
      loadBalancer: { ingress: addresses.map((ip) => ({ ip })) },
      ...(stranded !== undefined && { conditions: [strandedCondition(stranded, pool)] }),
      ...(announcedBy && { announcedBy }),
    },
  });
}

/** The status in a file that `formatStatus` wrote. Throws `Error` for any other text. */
export function parseStatus(text: string): StoredStatus {
  const { metadata, status } = fieldsOf(parse(text, { prettyErrors: false }));
  const { name, namespace, annotations } = fieldsOf(metadata);
  const { loadBalancer, conditions, announcedBy } = fieldsOf(status);
  const { ingress } = fieldsOf(loadBalancer);
  if (typeof name !== "string" || typeof namespace !== "string") throw new Error("names no Service");
  if (!Array.isArray(ingress)) throw new Error("has no status.loadBalancer.ingress");
  const addresses = ingress.map((entry: unknown) => {
    const { ip } = fieldsOf(entry);
    if (typeof ip !== "string") throw new Error("has an ingress without an address");
    return ip;
  });
  const pool = fieldsOf(annotations)[POOL_ANNOTATION];
  const stranded = strandedReason(conditions);
  return {
    ...{ namespace, name, addresses, pool: typeof pool === "string" ? pool : "" },
    ...(stranded && { stranded }),
    ...(Array.isArray(announcedBy) && { announcedBy }),
  };
}

/** The reason of a condition is a word in camel case that begins with a capital. */
function strandedCondition(stranded: string, pool: string): Fields {
  const message = `kept although pool ${JSON.stringify(pool)} does not give these addresses to this Service any more`;
  const reason = stranded.charAt(0).toUpperCase() + stranded.slice(1);
  return { type: STRANDED_CONDITION, status: "True", reason, message };
}

function strandedReason(conditions: unknown): string | undefined {
  const list: readonly unknown[] = Array.isArray(conditions) ? conditions : [];
  const { reason } = list.map(fieldsOf).find(({ type }) => type === STRANDED_CONDITION) ?? {};
  return typeof reason === "string" ? reason.charAt(0).toLowerCase() + reason.slice(1) : undefined;
}

function fieldsOf(json: unknown): Fields {
  return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as Fields) : {};
}
