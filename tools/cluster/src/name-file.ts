import type { Kube } from "@heraldlb/kube";

interface EndpointSlice {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
  readonly endpoints?:
    | readonly { readonly addresses: readonly string[]; readonly conditions?: { readonly ready?: boolean } }[]
    | null;
}

/** What a cluster's DNS would say of a namespace's Services without an address of their own, as the text of a hosts file. */
export async function namesOf(kube: Pick<Kube, "request">, namespace: string): Promise<string> {
  const services = `/api/v1/namespaces/${namespace}/services`;
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  const [headless, endpoints] = await Promise.all([list<Service>(kube, services), list<EndpointSlice>(kube, slices)]);
  const lines = headless
    .filter(({ spec }) => spec.clusterIP === "None")
    .flatMap(({ metadata: { name } }) => {
      const names = ["svc", "svc.cluster.local"].map((suffix) => `${name}.${namespace}.${suffix}`);
      return endpoints
        .filter(({ metadata: { labels } }) => labels?.["kubernetes.io/service-name"] === name)
        .flatMap((slice) => slice.endpoints ?? [])
        .filter(({ conditions }) => conditions?.ready !== false)
        .flatMap(({ addresses }) => addresses)
        .map((address) => `${address} ${names.join(" ")}`);
    });
  return `${["127.0.0.1 localhost", "::1 localhost", ...lines.toSorted()].join("\n")}\n`;
}

interface Service {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly clusterIP?: string };
}

/** All objects at a path. */
export async function list<T>(kube: Pick<Kube, "request">, path: string): Promise<readonly T[]> {
  return ((await kube.request("GET", path)) as { readonly items: readonly T[] }).items;
}
