import { type Kube, KubeError, reflect } from "@heraldlb/kube";
import { backoff, type Clock, type Logger, Mailbox } from "@heraldlb/runtime";
import {
  conversionTrustPatch,
  type PatchOperation,
  type TrustOptions,
  type WebhookService,
  webhookTrustPatch,
} from "../admission/api-server-trust.ts";

/** Who is to trust an authority. */
export interface KeepTrustOptions {
  readonly kube: Pick<Kube, "request" | "stream">;
  /** The certificates to trust, in PEM, and then every other ones, until the signal aborts. */
  bundles(signal: AbortSignal): AsyncIterable<string>;
  /** The ConfigMap that speakers read `ca.crt` from. */
  readonly configMap: { readonly namespace: string; readonly name: string };
  /** Whom the API server asks about objects: what leads to this Service. Undefined: nobody. */
  readonly webhook: { readonly service: WebhookService; readonly configuration: string } | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 ≤ random < 1 */
  random(): number;
}

const RETRY = { initialMs: 200, maxMs: 30_000 } as const;
// Of the ConfigMap nobody tells when somebody has deleted or changed it. An API server stores nothing if it is as it was.
const REPEATED_EVERY_MS = 300_000;

/**
 * Lets everybody trust the authority until the signal aborts: speakers by a ConfigMap, and the API server by what its
 * configuration says about the webhook and the conversion of BGPPeers, also when somebody has overwritten any of that.
 *
 * Only one replica may do so at a time: two that do not know the same yet would undo each other's work.
 */
export async function keepTrust(options: KeepTrustOptions, signal: AbortSignal): Promise<void> {
  const { webhook } = options;
  const clients: readonly Client[] = webhook
    ? [
        {
          folder: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
          ...{ name: webhook.configuration, service: webhook.service, patch: webhookTrustPatch },
        },
        {
          folder: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
          ...{ name: "bgppeers.metallb.io", service: webhook.service, patch: conversionTrustPatch },
        },
      ]
    : [];
  await Promise.all([keepConfigMap(options, signal), ...clients.map((client) => keepClient(client, options, signal))]);
}

/** An object that says whom the API server is to trust. */
interface Client {
  readonly folder: string;
  readonly name: string;
  readonly service: WebhookService;
  patch(object: unknown, options: TrustOptions): readonly PatchOperation[] | undefined;
}

async function keepClient(client: Client, options: KeepTrustOptions, signal: AbortSignal): Promise<void> {
  const { kube, clock, log, random } = options;
  const { folder, name, service } = client;
  let [object, bundle]: [unknown, string | undefined] = [undefined, undefined];
  const inbox = new Mailbox<void>();
  const attempt = attempts(options, signal);
  const see = (seen: unknown) => {
    object = seen;
    inbox.put();
  };
  const watching = reflect(
    kube,
    { path: folder, query: { fieldSelector: `metadata.name=${name}` } },
    {
      onSynced: (objects) => see([...objects.values()][0]),
      onChange: ({ changed }) => see(changed[0]),
    },
    { clock, log, random },
    signal,
  );
  const listening = (async () => {
    for await (const each of options.bundles(signal)) {
      bundle = each;
      inbox.put();
    }
  })();
  const patching = (async () => {
    for await (const _ of inbox.take(signal)) {
      const patch = bundle === undefined ? undefined : client.patch(object, { service, bundle });
      if (!patch) continue;
      const isDone = await attempt(`${folder}/${name}`, async () => {
        const contentType = "application/json-patch+json";
        object = await kube.request("PATCH", `${folder}/${name}`, { body: patch, contentType, signal });
      });
      if (!isDone) inbox.put();
    }
  })();
  await Promise.all([watching, listening, patching]);
}

async function keepConfigMap(options: KeepTrustOptions, signal: AbortSignal): Promise<void> {
  const { kube, clock, configMap } = options;
  const folder = `/api/v1/namespaces/${configMap.namespace}/configmaps`;
  const path = `${folder}/${configMap.name}`;
  let bundle = "";
  const inbox = new Mailbox<void>();
  const attempt = attempts(options, signal);
  const put = async () => {
    const data = { "ca.crt": bundle };
    try {
      await kube.request("PATCH", path, { body: { data }, contentType: "application/merge-patch+json", signal });
    } catch (error) {
      if (!(error instanceof KubeError && error.status === 404)) throw error;
      const body = { apiVersion: "v1", kind: "ConfigMap", metadata: configMap, data };
      await kube.request("POST", folder, { body, signal });
    }
  };
  const listening = (async () => {
    for await (bundle of options.bundles(signal)) inbox.put();
  })();
  const repeating = (async () => {
    while (!signal.aborted) {
      await clock.sleep(REPEATED_EVERY_MS, signal).catch(() => {});
      inbox.put();
    }
  })();
  const putting = (async () => {
    for await (const _ of inbox.take(signal)) {
      if (bundle !== "" && !(await attempt(path, put))) inbox.put();
    }
  })();
  await Promise.all([listening, repeating, putting]);
}

/** Something to do that may fail. The result resolves to whether it was done; if not, when it may be tried again. */
function attempts(
  { clock, log, random }: KeepTrustOptions,
  signal: AbortSignal,
): (path: string, act: () => Promise<void>) => Promise<boolean> {
  let failures = 0;
  return async (path, act) => {
    try {
      await act();
      failures = 0;
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      log.warn("trust in the authority not written, trying again", { path, error });
      await clock.sleep(backoff(RETRY, failures++, random()), signal).catch(() => {});
      return false;
    }
  };
}
