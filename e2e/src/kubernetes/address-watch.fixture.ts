import { ADMIN, type Cluster } from "@heraldlb/cluster";
import { connectKube, type Kube, KubeError } from "@heraldlb/kube";
import { pass } from "@heraldlb/lab";
import { silentLogger, systemClock } from "@heraldlb/runtime";

/** Every state of every Service's addresses since the watch began, in the order in which the API server had them. */
export interface AddressWatch extends AsyncDisposable {
  /** By Service, those that have some now. */
  readonly shown: ReadonlyMap<string, readonly string[]>;
  /** Addresses that two Services had at the same time. */
  readonly doubles: readonly string[];
  /** Services whose addresses became others, or none. */
  readonly changes: readonly string[];
}

interface Event {
  readonly type: string;
  readonly object: {
    readonly metadata: { readonly name: string; readonly resourceVersion: string };
    readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } };
  };
}

const PATH = "/api/v1/namespaces/default/services";
const RETRY_MS = 100;

/** Watches the addresses of the Services in `default`, also across an absence of the API server. */
export async function watchAddresses(cluster: Cluster): Promise<AddressWatch> {
  const kube = await connectKube({
    ...{ kubeconfig: await cluster.kubeconfig(ADMIN, "outside"), qps: 50, burst: 100 },
    ...{ userAgent: "herald-e2e", clock: systemClock, log: silentLogger },
  });
  const history = new History();
  const version = await read(kube, history);
  const stop = new AbortController();
  const following = follow(kube, { history, version, signal: stop.signal });
  return {
    shown: history.shown,
    doubles: history.doubles,
    changes: history.changes,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await following;
      kube.close();
    },
  };
}

class History {
  readonly shown = new Map<string, readonly string[]>();
  readonly doubles: string[] = [];
  readonly changes: string[] = [];

  /** Takes in what there is after events that were missed. */
  compare(objects: readonly Event["object"][]): void {
    const names = new Set(objects.map(({ metadata }) => metadata.name));
    for (const name of this.shown.keys()) if (!names.has(name)) this.shown.delete(name);
    for (const object of objects) this.add({ type: "MODIFIED", object });
  }

  add({ type, object: { metadata, status } }: Event): void {
    const { name } = metadata;
    const addresses = type === "DELETED" ? [] : (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
    const before = this.shown.get(name);
    if (type !== "DELETED" && before && `${before}` !== `${addresses}`) {
      this.changes.push(`${name}: ${before} → ${addresses}`);
    }
    this.shown.delete(name);
    if (addresses.length === 0) return;
    for (const [other, theirs] of this.shown) {
      for (const address of addresses) if (theirs.includes(address)) this.doubles.push(`${address}: ${other}, ${name}`);
    }
    this.shown.set(name, addresses);
  }
}

/** Reads what there is now; the version that a watch may begin at. */
async function read(kube: Kube, history: History): Promise<string> {
  const { metadata, items } = (await kube.request("GET", PATH)) as {
    readonly metadata: { readonly resourceVersion: string };
    readonly items: readonly Event["object"][];
  };
  history.compare(items);
  return metadata.resourceVersion;
}

async function follow(
  kube: Kube,
  { history, version, signal }: { readonly history: History; readonly version: string; readonly signal: AbortSignal },
): Promise<void> {
  let resourceVersion: string | undefined = version;
  while (!signal.aborted) {
    try {
      resourceVersion ??= await read(kube, history);
      for await (const lines of await kube.stream(PATH, { query: { watch: "true", resourceVersion }, signal })) {
        for (const line of lines) {
          const event = JSON.parse(line) as Event;
          if (event.type === "ERROR") throw new KubeError(line, { status: 410 });
          history.add(event);
          resourceVersion = event.object.metadata.resourceVersion;
        }
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof KubeError)) throw error;
      if (error.status === 410) resourceVersion = undefined;
      await pass(RETRY_MS);
    }
  }
}
