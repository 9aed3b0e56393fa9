// A process that is nothing but a webhook, for tests against a real API server:
//   webhook-process.test.fixture.ts KUBECONFIG NAMESPACE ADDRESS PORT SERVICE CONFIGURATION
import { exit, stdout } from "node:process";
import { type Candidate, Resolver, readResource } from "@heraldlb/config";
import { createLog } from "@heraldlb/daemon";
import { connectKube, type KubeObject, reflect } from "@heraldlb/kube";
import { systemClock } from "@heraldlb/runtime";
import { openAuthority } from "../certificates/authority.ts";
import { keepTrust } from "../certificates/keep-trust.ts";
import { KubeSecret } from "../certificates/kube-secret.ts";
import { serveWebhook } from "./webhook.ts";

const [kubeconfig = "", namespace = "", host = "", port = "", service = "", configuration = ""] = process.argv.slice(2);
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());

const clock = systemClock;
const random = Math.random;
const log = await createLog({ level: "debug", format: "json", destination: stdout });
const kube = await connectKube({ kubeconfig, qps: 50, burst: 100, userAgent: "test", clock, log });
const store = new KubeSecret(kube, { namespace, name: "herald-ca" });
const authority = await openAuthority({ store, clock, log, wallClock: Date.now, random }, stop.signal);

const metallb = (plural: string, version = "v1beta1") =>
  `/apis/metallb.io/${version}/namespaces/${namespace}/${plural}`;
const PATHS = [
  ...["ipaddresspools", "l2advertisements", "bgpadvertisements", "bfdprofiles", "communities"].map((each) =>
    metallb(each),
  ),
  metallb("bgppeers", "v1beta2"),
  "/api/v1/nodes",
  `/api/v1/namespaces/${namespace}/secrets`,
];

const resolver = new Resolver({ namespace });
const candidates = new Map<string, Candidate>();
const waiting = new Set(PATHS);

function take(path: string, changed: Iterable<KubeObject>, removed: readonly KubeObject[] = []): void {
  const keyOf = ({ metadata }: KubeObject) => `${path}/${metadata.name}`;
  for (const object of removed) candidates.delete(keyOf(object));
  for (const object of changed) {
    candidates.set(keyOf(object), { origin: {}, outcome: readResource(object, { defaultNamespace: namespace }) });
  }
  if (path.endsWith("/secrets")) authority.refresh();
  waiting.delete(path);
  if (waiting.size === 0) resolver.update([...candidates.values()]);
}

const follow = (path: string) =>
  reflect(
    kube,
    { path },
    {
      onSynced: (objects) => take(path, objects.values()),
      onChange: ({ changed, removed }) => take(path, changed, removed),
    },
    { clock, log, random },
    stop.signal,
  );

await Promise.all([
  ...PATHS.map(follow),
  authority.run(stop.signal),
  keepTrust(
    {
      ...{ kube, clock, log, random, configMap: { namespace, name: "herald-ca" } },
      ...{ bundles: (signal: AbortSignal) => authority.bundles(signal) },
      webhook: { service: { namespace, name: service }, configuration },
    },
    stop.signal,
  ),
  serveWebhook(
    {
      ...{ listen: { host, port: Number(port) }, namespace, clock, log, random },
      certificates: authority.serverCertificates([`${service}.${namespace}.svc`], stop.signal),
      configuration: () => (waiting.size === 0 ? resolver.configuration : undefined),
      observer: {
        answered: (request) => log.debug("answered", { ...request }),
        denied: () => {},
      },
    },
    stop.signal,
  ),
]);
kube.close();
exit(0);
