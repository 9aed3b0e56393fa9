import { parse, stringify } from "yaml";

/** What a Service was given, as its status file says. */
export interface StoredStatus {
  readonly namespace: string;
  readonly name: string;
  /** Addresses in the order of `status.loadBalancer.ingress`. */
  readonly addresses: readonly string[];
  /** Value of the annotation `metallb.io/ip-allocated-from-pool`; empty if it is missing. */
  readonly pool: string;
}

const POOL_ANNOTATION = "metallb.io/ip-allocated-from-pool";

type Fields = Readonly<Record<string, unknown>>;

/** The Service's manifest with the status in it. What the manifest says of its status does not count. */
export function formatStatus(manifest: unknown, { namespace, name, addresses, pool }: StoredStatus): string {
  const { metadata, ...fields } = fieldsOf(manifest);
  const { annotations, ...others } = fieldsOf(metadata);
  return stringify({
    apiVersion: "v1",
    kind: "Service",
    ...fields,
    metadata: { ...others, name, namespace, annotations: { ...fieldsOf(annotations), [POOL_ANNOTATION]: pool } },
    status: { loadBalancer: { ingress: addresses.map((ip) => ({ ip })) } },
  });
}

/** The status in a file that `formatStatus` wrote. Throws `Error` for any other text. */
export function parseStatus(text: string): StoredStatus {
  const { metadata, status } = fieldsOf(parse(text, { prettyErrors: false }));
  const { name, namespace, annotations } = fieldsOf(metadata);
  const { loadBalancer } = fieldsOf(status);
  const { ingress } = fieldsOf(loadBalancer);
  if (typeof name !== "string" || typeof namespace !== "string") throw new Error("names no Service");
  if (!Array.isArray(ingress)) throw new Error("has no status.loadBalancer.ingress");
  const addresses = ingress.map((entry: unknown) => {
    const { ip } = fieldsOf(entry);
    if (typeof ip !== "string") throw new Error("has an ingress without an address");
    return ip;
  });
  const pool = fieldsOf(annotations)[POOL_ANNOTATION];
  return { namespace, name, addresses, pool: typeof pool === "string" ? pool : "" };
}

function fieldsOf(json: unknown): Fields {
  return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as Fields) : {};
}
