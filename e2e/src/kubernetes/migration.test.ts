// From MetalLB to Herald and back, by the commands of docs/migrate-from-metallb.md.
import { kubernetesTool } from "@heraldlb/kubectl";
import { type Host, type LabProcess, monotonicMs, type Prober, startProber, until } from "@heraldlb/lab";
import { type Ip, parseIp } from "@heraldlb/net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { leaveStatuses } from "./metallb-statuses.fixture.ts";
import { commandsOf, type Migration, rolledOut, setMigration } from "./migration.fixture.ts";
import { metallb, NAMESPACE, pods, service } from "./scene.fixture.ts";

const GUIDE = "docs/migrate-from-metallb.md";
const CRD_COUNT = 9;
// Far above what it takes: pods of a busy machine start slowly.
const OUTAGE_LIMIT_MS = 60_000;
const SLACK_MS = 2_000;

/** What MetalLB has given, none of which Herald would give first. */
const GIVEN: Readonly<Record<string, readonly string[]>> = {
  web: ["10.64.1.20", "fd64::1:20"],
  mail: ["10.64.1.77"],
  "dns-tcp": ["10.64.1.50"],
  "dns-udp": ["10.64.1.50"],
  old: ["10.64.1.33"],
};
const ANSWERING = { node1: ["10.64.1.20", "fd64::1:20", "10.64.1.50"], node2: ["10.64.1.77", "10.64.1.33"] };
const PROBED = ["10.64.1.20", "fd64::1:20", "10.64.1.77"].flatMap((text) => parseIp(text) ?? []);

const OBJECTS = [
  metallb("IPAddressPool", "lab", { addresses: ["10.64.1.10-10.64.1.99", "fd64::1:10-fd64::1:99"] }),
  metallb("IPAddressPool", "routed", { addresses: ["10.64.1.200/32"], autoAssign: false }),
  metallb("L2Advertisement", "lab", { ipAddressPools: ["lab"] }),
  metallb("BGPAdvertisement", "routed", { ipAddressPools: ["routed"], communities: ["noexport"] }),
  metallb("BGPPeer", "router", {
    ...{ myASN: 64512, peerASN: 64513, peerAddress: "10.64.0.250", holdTime: "90s", bfdProfile: "fast" },
    nodeSelectors: [{ matchLabels: { rack: "none" } }],
  }),
  metallb("BFDProfile", "fast", { receiveInterval: 300 }),
  metallb("Community", "ours", { communities: [{ name: "noexport", value: "65535:65281" }] }),
];
const OBJECT_KINDS = "ipaddresspools,l2advertisements,bgpadvertisements,bgppeers,bfdprofiles,communities";

const selector = { app: "web" };
const UDP = { selector, ports: [{ name: "probe", port: 80, targetPort: 8080, protocol: "UDP" }] };
const single = { ...UDP, ipFamilyPolicy: "SingleStack" };
const sharing = { annotations: { "metallb.io/allow-shared-ip": "dns" } };
const SERVICES = [
  service("web", UDP),
  service("mail", single),
  service("dns-udp", single, sharing),
  service("dns-tcp", { selector, ipFamilyPolicy: "SingleStack" }, sharing),
  service("old", { ...single, loadBalancerIP: "10.64.1.33" }),
];

describe("a cluster with MetalLB", { timeout: 240_000 }, () => {
  let migration: Migration;
  let guide: ReadonlyMap<string, string>;
  let watch: LabProcess;
  let inTouch: Prober;
  let asking: Prober;
  let objects: readonly string[];
  const followed = new Set<string>();
  /** When the speakers changed. */
  let change: { readonly from: number; readonly to: number };

  const follow = async (title: string): Promise<string> => {
    const found = guide.get(title);
    if (found === undefined) throw new RangeError(`${GUIDE} has no commands under "${title}"`);
    followed.add(title);
    return await migration.sh(found);
  };
  const uidsOf = async (kinds: string): Promise<string[]> => {
    const path = 'jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.uid}{"\\n"}{end}';
    const printed = await migration.cluster.kubectl(["get", kinds, "--namespace", NAMESPACE, "-o", path]);
    return printed.split("\n").filter(Boolean).toSorted();
  };

  const objectsNow = () => uidsOf(`${OBJECT_KINDS},crd`);

  beforeAll(async () => {
    guide = commandsOf(GUIDE);
    migration = await setMigration(
      { name: `migration-${process.pid}`, nodes: 2, clients: 2, controllers: 2 },
      ANSWERING,
    );
    const { cluster, sh } = migration;
    // As Helm 3 does it, which is how most have MetalLB; and as if it had checked the objects.
    const as = "--server-side=false --set crds.validationFailurePolicy=Ignore";
    await sh(`helm install metallb metallb/metallb --namespace ${NAMESPACE} --create-namespace ${as}`);
    await cluster.kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]);
    await cluster.apply([...OBJECTS, ...SERVICES]);
    await sh(`helm upgrade metallb metallb/metallb --namespace ${NAMESPACE} --reset-values`);
    await Promise.all([
      rolledOut(migration, "deployment/metallb-controller"),
      rolledOut(migration, "daemonset/metallb-speaker"),
      pods(cluster, "web", ["node1", "node2"]),
    ]);
    await leaveStatuses(cluster, { given: GIVEN, answering: ANSWERING });
    objects = await objectsNow();
    watch = await startWatch(migration);
    const [first, second] = cluster.lab.clients as [Host, Host];
    second.start(["sh", "-c", "while :; do ip neigh flush dev lan0; sleep 0.2; done"], { name: "forgetful" });
    [inTouch, asking] = await Promise.all([startProber(first, PROBED), startProber(second, PROBED)]);
    await Promise.all(PROBED.flatMap((ip) => [inTouch, asking].map((prober) => prober.answered(ip, { since: 0 }))));
  }, 240_000);

  afterAll(async () => {
    await migration?.[Symbol.asyncDispose]();
  });

  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => {
      process.stderr.write(migration.cluster.lab.logs().slice(-30_000));
    });
  });

  test("has objects that Herald takes, and definitions that can be kept", async () => {
    await follow("1. Look, and keep a copy");
    expect(await follow("2. Keep the definitions")).not.toContain("CustomResourceDefinition");
  });

  test("keeps all addresses when Herald's controllers take over from MetalLB's", async () => {
    await follow("3. Stop MetalLB's controller");
    await follow("4. Install Herald's controllers");
    expect(await objectsNow()).toEqual(objects);
  });

  test("keeps the statuses that MetalLB's speakers still write, but for those of nodes that are gone", async () => {
    const left = await until("what is shown of a node that is gone went", async () => {
      const names = (await uidsOf("servicel2statuses")).map((line) => line.split(" ")[1] ?? "");
      return names.includes("l2-stale") ? undefined : names;
    });
    expect(left).toHaveLength(Object.keys(GIVEN).length);
    const states = (await uidsOf("configurationstates")).map((line) => line.split(" ")[1]);
    expect(states.sort()).toEqual(["controller", ...Object.keys(ANSWERING).map((node) => `speaker-${node}`)]);
  });

  test("is served by Herald's speakers soon after MetalLB's have stopped", async () => {
    const from = monotonicMs();
    await follow("5. Speakers");
    change = { from, to: monotonicMs() };
    const [client] = migration.cluster.lab.clients as [Host];
    for (const ip of PROBED)
      await until(`one node answers for ${ip}`, async () => (await client.resolve(ip)).length === 1);
  });

  test("has statuses of Herald's alone", async () => {
    await until("MetalLB's are gone", async () => {
      const names = (await uidsOf("servicel2statuses")).map((line) => line.split(" ")[1] ?? "");
      return names.length === Object.keys(GIVEN).length && names.every((name) => /^l2-[0-9a-f]{16}$/.test(name));
    });
    await follow("6. Check");
  });

  test("loses MetalLB, and nothing that is not MetalLB's", async () => {
    await follow("7. Uninstall MetalLB");
    expect(await objectsNow()).toEqual(objects);
    expect(objects.filter((line) => line.startsWith("CustomResourceDefinition"))).toHaveLength(CRD_COUNT);
    const { cluster } = migration;
    const webhooks = await cluster.kubectl(["get", "validatingwebhookconfigurations", "-o", "name"]);
    expect(webhooks.trim()).toBe("validatingwebhookconfiguration.admissionregistration.k8s.io/herald-webhook");
    const left = await cluster.kubectl([
      "get",
      "deploy,ds,sa,cm,svc,secrets,clusterroles",
      "-n",
      NAMESPACE,
      "-o",
      "name",
    ]);
    expect(left).not.toContain("metallb-");
  });

  test("is checked and converted by Herald", async () => {
    const { cluster } = migration;
    const wrong = metallb("IPAddressPool", "wrong", { addresses: ["10.64.1.99-10.64.1.10"] });
    await expect(cluster.apply([wrong])).rejects.toThrow(/denied the request/);
    await cluster.apply([metallb("IPAddressPool", "more", { addresses: ["10.64.1.201/32"], autoAssign: false })]);
    await cluster.kubectl(["delete", "ipaddresspool", "more", "--namespace", NAMESPACE]);
    const old = [
      "get",
      "bgppeers.v1beta1.metallb.io",
      "router",
      "--namespace",
      NAMESPACE,
      "-o",
      "jsonpath={.spec.myASN}",
    ];
    expect(await cluster.kubectl(old)).toBe("64512");
  });

  test("has clients that notice nothing but the change of speakers", async () => {
    await Promise.all([inTouch.stop(), asking.stop()]);
    const rows = PROBED.map((address) => ({
      address,
      neighbourCached: Math.round(inTouch.summary(address, change).longestOutageMs),
      resolvingOften: Math.round(asking.summary(address, change).longestOutageMs),
    }));
    process.stdout.write(`longest outage, in ms: ${JSON.stringify(rows, undefined, 1)}\n`);
    for (const address of PROBED) {
      expect(asking.summary(address, change).longestOutageMs).toBeLessThan(OUTAGE_LIMIT_MS);
      for (const { from, to } of [
        { from: 0, to: change.from },
        { from: change.to, to: Number.POSITIVE_INFINITY },
      ]) {
        expect(inTouch.summary(address, { from, to }).longestOutageMs).toBeLessThan(SLACK_MS);
      }
    }
  });

  test("goes back to MetalLB with its objects and addresses", async () => {
    const { cluster } = migration;
    await follow("Back, afterwards");
    expect(await objectsNow()).toEqual(objects);
    const path = "jsonpath={.spec.conversion.webhook.clientConfig.service.name}";
    expect(await cluster.kubectl(["get", "crd", "bgppeers.metallb.io", "-o", path])).toBe("metallb-webhook-service");
    await rolledOut(migration, "daemonset/metallb-speaker");
  });

  test("goes back before MetalLB is uninstalled, too", async () => {
    for (const title of [
      "2. Keep the definitions",
      "3. Stop MetalLB's controller",
      "4. Install Herald's controllers",
    ]) {
      await follow(title);
    }
    await follow("5. Speakers");
    await follow("Back, while MetalLB is still installed");
    await rolledOut(migration, "daemonset/metallb-speaker");
    expect(await objectsNow()).toEqual(objects);
    const [client] = migration.cluster.lab.clients as [Host];
    expect(await client.resolve(PROBED[0] as Ip)).toHaveLength(1);
  });

  test("has shown the same addresses at every moment", () => {
    const seen = Map.groupBy(watch.log().trim().split("\n"), (line) => line.split(" ")[0] ?? "");
    for (const [name, addresses] of Object.entries(GIVEN)) {
      expect([...new Set(seen.get(name))]).toEqual([`${name} ${addresses.join(" ")}`]);
    }
  });

  test("has been through the whole guide", () => {
    expect([...followed].toSorted()).toEqual([...guide.keys()].toSorted());
  });

  test("would have lost all objects with the annotation alone", async () => {
    const { cluster, sh } = migration;
    const path = "jsonpath={.metadata.annotations.helm\\.sh/resource-policy}";
    expect(await cluster.kubectl(["get", "crd", "ipaddresspools.metallb.io", "-o", path])).toBe("keep");
    await sh(`helm uninstall metallb --namespace ${NAMESPACE}`);
    expect(await cluster.kubectl(["get", "crd", "-o", "name"])).toBe("");
  });
});

/** Prints each Service's addresses, whenever it changes, for as long as the cluster is there. */
async function startWatch({ cluster }: Migration): Promise<LabProcess> {
  const what = ["get", "services", "--watch", "--output"];
  const path = 'jsonpath={.metadata.name} {.status.loadBalancer.ingress[*].ip}{"\\n"}';
  const kubectl = await kubernetesTool("kubectl");
  const started = cluster.host.start([kubectl, "--kubeconfig", await cluster.kubeconfig(), ...what, path], {
    name: "watch",
  });
  await until("the watch has begun", () => started.log().includes("web "));
  return started;
}
