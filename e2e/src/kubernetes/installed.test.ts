// Herald as its chart installs it: by Helm, its pods from the real workload controllers, its processes as a kubelet and a
// container runtime start them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Cluster, HERALD_NAMESPACE, type InstalledHerald, MERGE_PATCH, type PodRunner } from "@heraldlb/cluster";
import { observe, scriptCommand, startProber, until } from "@heraldlb/lab";
import { isIpv4 } from "@heraldlb/net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  answered,
  counterOf,
  given,
  herald,
  type InstalledScene,
  PATIENCE,
  PORTS,
  ROUTED,
  scrape,
  setInstalledScene,
  speakerOn,
  statusOf,
} from "./installed.fixture.ts";
import { needlessRights } from "./installed-rights.fixture.ts";
import { service } from "./scene.fixture.ts";

const CONTROLLER_NAME = `herald-controller.${HERALD_NAMESPACE}.svc`;
const ACCOUNT = { namespace: HERALD_NAMESPACE, serviceAccount: "herald-speaker" } as const;
const IDENTITY = "/var/run/secrets/heraldlb.io";

let scene: InstalledScene;
let cluster: Cluster;
let installed: InstalledHerald;

beforeAll(async () => {
  scene = await setInstalledScene(`k8s-installed-${process.pid}`);
  ({ cluster, installed } = scene);
}, 300_000);

afterAll(() => scene?.[Symbol.asyncDispose]());

beforeEach(({ onTestFailed }) => onTestFailed(() => void process.stderr.write(cluster.lab.logs().slice(-40_000))));

describe("Herald, installed by its chart,", { timeout: 180_000 }, () => {
  test("gives a Service made with kubectl addresses that a client resolves, and a pod answers through kube-proxy", async () => {
    await cluster.kubectl(["create", "-f", "-"], { input: JSON.stringify(service("web", PORTS)) });
    const addresses = await given(cluster, "web", 2);
    expect(addresses).toEqual(["10.64.1.10", "fd64::1:10"]);
    const macs = cluster.lab.nodes.map(({ mac }) => mac);
    for (const address of addresses) {
      await answered(scene.client, address);
      expect(macs).toContain((await scene.client.neighbour(address))?.mac);
    }
  });

  test("leads a client to a pod by way of a router, over both families", async () => {
    const { ipv4 } = scene.router.host;
    const peer = { myASN: 64_512, peerASN: 64_513, peerAddress: ipv4, dualStackAddressFamily: true };
    await cluster.kubectl(["apply", "-f", "-"], {
      input: JSON.stringify({
        ...{ apiVersion: "v1", kind: "List" },
        items: [
          herald("BGPPeer", "router", peer, "v1beta2"),
          herald("BGPAdvertisement", ROUTED, { ipAddressPools: [ROUTED] }),
          service(
            "shop",
            { selector: { app: "web" }, ...PORTS },
            { annotations: { "metallb.io/address-pool": ROUTED } },
          ),
        ],
      }),
    });
    const addresses = await given(cluster, "shop", 2);
    const nodes = cluster.lab.nodes.map(({ name }) => name);
    for (const address of addresses) {
      const prefix = `${address}/${isIpv4(address) ? 32 : 128}`;
      await until(
        `the router had ${prefix} by way of all nodes`,
        async () => (await scene.router.routes()).get(prefix)?.join() === nodes.join(),
        PATIENCE,
      );
      await answered(scene.routedClient, address);
    }
  });

  test("denies what is wrong, with the reason, through the API server", async () => {
    const overlapping = herald("IPAddressPool", "again", { addresses: ["10.64.1.50-10.64.1.60"] });
    await expect(cluster.apply([overlapping])).rejects.toThrow(
      /admission webhook "ipaddresspoolvalidationwebhook\.metallb\.io" denied the request.*10\.64\.1\.50/s,
    );
  });

  test("converts BGPPeers: what was written as v1beta1 reads as v1beta2, and the other way round", async () => {
    const former = herald("BGPPeer", "former", {
      ...{ myASN: 64_512, peerASN: 64_999, peerAddress: "10.64.0.250", holdTime: "30s" },
      nodeSelectors: [{ matchLabels: { none: "at-all" } }],
    });
    await cluster.apply([former]);
    const spec = async (name: string, version: string) => {
      const path = `/apis/metallb.io/${version}/namespaces/${HERALD_NAMESPACE}/bgppeers/${name}`;
      return ((await cluster.request("GET", path)) as { readonly spec: unknown }).spec;
    };
    expect(await spec("former", "v1beta2")).toMatchObject({
      ...{ peerASN: 64_999, holdTime: "30s", nodeSelectors: [{ matchLabels: { none: "at-all" } }] },
    });
    expect(await spec("router", "v1beta1")).toMatchObject({ peerASN: 64_513, peerAddress: scene.router.host.ipv4 });
    await cluster.kubectl(["delete", "bgppeers.v1beta1.metallb.io", "former", "-n", HERALD_NAMESPACE]);
  });

  test("runs as the chart's user, with its capabilities and no others", () => {
    for (const { process } of installed.controllers) {
      expect(statusOf(process.id.pid)).toEqual({
        Uid: "65532",
        CapPrm: "0",
        CapBnd: "0",
        CapAmb: "0",
        NoNewPrivs: "1",
      });
    }
    for (const { process } of installed.speakers) {
      const capabilities = { CapPrm: "2400", CapBnd: "2400", CapAmb: "0" };
      expect(statusOf(process.id.pid)).toEqual({ Uid: "65532", ...capabilities, NoNewPrivs: "1" });
    }
  });
});

describe("metrics of the installed Herald", { timeout: 180_000 }, () => {
  beforeAll(async () => {
    const rbac = "rbac.authorization.k8s.io";
    await cluster.apply([
      ...["scraper", "visitor"].map((name) => ({
        ...{ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: HERALD_NAMESPACE } },
      })),
      {
        ...{ apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: { name: "scraper" } },
        rules: [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }],
      },
      {
        ...{ apiVersion: `${rbac}/v1`, kind: "ClusterRoleBinding", metadata: { name: "scraper" } },
        roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "scraper" },
        subjects: [{ kind: "ServiceAccount", name: "scraper", namespace: HERALD_NAMESPACE }],
      },
    ]);
  });

  test.each(["controllers", "speakers"] as const)(
    "are served by HTTPS to whom the API server allows it, and to nobody else: %s",
    async (which) => {
      for (const { host } of installed[which]) {
        const outcomes = [
          await scrape(cluster, host, "scraper"),
          await scrape(cluster, host, "visitor"),
          await scrape(cluster, host, undefined),
        ];
        expect(outcomes.map(({ code }) => code)).toEqual(["200", "403", "401"]);
        expect(outcomes.map(({ text }) => text.includes("# TYPE herald_"))).toEqual([true, false, false]);
      }
    },
  );
});

describe("who is not the speaker of the node that it names", { timeout: 180_000 }, () => {
  const speakerToken = async (audience: string | undefined, node: string) => {
    const { name, uid } = await speakerOn(installed, node);
    return await cluster.token({ ...ACCOUNT, audience, pod: { name, uid } });
  };

  test.each<[what: string, token: () => Promise<string | undefined>, reason: RegExp, counter: string]>([
    ["without a token", async () => undefined, /neither a certificate nor a token/, "noToken"],
    ["with a token for the API server", () => speakerToken(undefined, "node3"), /not for herald/, "wrongAudience"],
    ["with another node's token", () => speakerToken("herald", "node1"), /that of node node1, not of/, "wrongNode"],
  ])("is refused %s, which is counted and logged", async (_what, token, reason, counter) => {
    const [controller] = installed.controllers as [PodRunner];
    const { ipv4 } = controller.host;
    const ca = join((await speakerOn(installed, "node3")).volume(IDENTITY), "ca.crt");
    const refusals = () => counterOf(cluster, controller.host, `herald_streams_refused_total{reason="${counter}"}`);
    const before = await refusals();
    const presented = await token();
    const args = [ipv4, CONTROLLER_NAME, "node3", ca, ...(presented === undefined ? [] : [presented])];
    const said = await cluster.lab.host("node3").exec(scriptCommand("stranger.fixture", args, import.meta.url));
    expect(said).toMatch(/^refused: /);
    expect(said).toMatch(reason);
    await controller.process.logged(reason);
    expect(await refusals()).toBe(before + 1);
  });
});

describe("streams of the installed Herald", { timeout: 240_000 }, () => {
  test("go on when tokens are renewed, and when the authorities' ConfigMap changes", async () => {
    const logs = installed.speakers.map(({ process }) => ({ process, before: process.log().length }));
    const accepted = async () => {
      const counts = installed.controllers.map(({ host }) =>
        counterOf(cluster, host, 'herald_token_renewals_total{outcome="accepted"}'),
      );
      return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
    };
    for (const speaker of installed.speakers) speaker.renewTokens();
    await until("each controller was shown each new token", async () => (await accepted()) >= 6, PATIENCE);

    const path = `/api/v1/namespaces/${HERALD_NAMESPACE}/configmaps/herald-ca`;
    const { data } = (await cluster.request("GET", path)) as { readonly data: { readonly "ca.crt": string } };
    const body = { data: { "ca.crt": `${data["ca.crt"]}${cluster.ca}` } };
    await cluster.request("PATCH", path, { body, contentType: MERGE_PATCH });
    const files = () =>
      installed.speakers.map((speaker) => readFileSync(join(speaker.volume(IDENTITY), "ca.crt"), "utf8"));
    await until("the files changed", () => files().every((text) => text.includes(cluster.ca)), PATIENCE);
    // A speaker is of use afterwards, too: one that has to dial again.
    const [{ process: one }] = installed.speakers as [PodRunner];
    // Silence is what a busy machine may make of a stream.
    const lost = /^.*"reason":"(?!nothing was heard).*"stream lost".*$/m;
    for (const { process, before } of logs) expect(process.log().slice(before)).not.toMatch(lost);
    one.kill("SIGKILL");
    await installed.rolledOut();
    await until(
      "it had its streams again",
      async () => (await speakerOn(installed, "node1")).process !== one,
      PATIENCE,
    );
    await (await speakerOn(installed, "node1")).process.logged(/stream opened/, PATIENCE);
  });

  test("and clients' connections survive a rolling restart of the speakers, by helm upgrade", async () => {
    const web = await given(cluster, "web", 2);
    const shop = await given(cluster, "shop", 2);
    const former = installed.speakers;
    const witness = cluster.lab.host("router1");
    await using observation = await observe(cluster.lab, {
      client: scene.client,
      witness,
      addresses: web,
      intervalMs: 20,
    });
    await using routed = await startProber(scene.routedClient, shop, { intervalMs: 20 });
    await installed.upgrade({ speaker: { logLevel: "debug" } });
    await until(
      "all speakers were others",
      async () => {
        await installed.rolledOut();
        const { speakers } = installed;
        return speakers.length === former.length && speakers.every((speaker) => !former.includes(speaker));
      },
      { timeoutMs: 180_000, everyMs: 200 },
    );
    await observation.end();
    await routed.stop();
    for (const [prober, addresses] of [
      [observation.prober, web],
      [routed, shop],
    ] as const) {
      for (const address of addresses) {
        const { sent, lost, longestOutageMs, outages } = prober.summary(address);
        process.stdout.write(
          `${address}: ${lost} of ${sent} probes lost in ${outages.length} outages, the longest ${longestOutageMs.toFixed(0)} ms\n`,
        );
        expect(longestOutageMs).toBeLessThan(1_000);
      }
    }
    for (const address of web) expect(observation.answers(address).order.length).toBeGreaterThan(1);
    for (const { process } of former) expect(process.exit).toEqual({ code: 0, signal: undefined });
    for (const { process } of installed.speakers) expect(process.log()).toMatch(/"level":"debug"/);
    expect(await given(cluster, "web", 2)).toEqual(web);
  });

  test("and addresses survive a rolling update of the controllers", async () => {
    const before = [await given(cluster, "web", 2), await given(cluster, "shop", 2)];
    const former = installed.controllers;
    await installed.upgrade({ speaker: { logLevel: "debug" }, controller: { logLevel: "debug" } });
    await until(
      "all controllers were others",
      async () => {
        await installed.rolledOut();
        return installed.controllers.every((controller) => !former.includes(controller));
      },
      { timeoutMs: 180_000, everyMs: 200 },
    );
    for (const { process } of former) expect(process.exit).toEqual({ code: 0, signal: undefined });
    expect([await given(cluster, "web", 2), await given(cluster, "shop", 2)]).toEqual(before);
    for (const [host, addresses] of [
      [scene.client, before[0]],
      [scene.routedClient, before[1]],
    ] as const) {
      for (const address of addresses ?? []) await answered(host, address);
    }
  });
});

test("the installed Herald did all that with the chart's rights, and the speakers asked the API server nothing", () => {
  const account = (name: string) => `system:serviceaccount:${HERALD_NAMESPACE}:herald-${name}`;
  const asked = cluster.audit().filter(({ user }) => user.startsWith(`system:serviceaccount:${HERALD_NAMESPACE}:`));
  expect(asked.filter(({ user }) => user === account("controller")).length).toBeGreaterThan(50);
  expect(asked.filter(({ status }) => status === 403)).toEqual([]);
  expect(asked.filter(({ user }) => user === account("speaker"))).toEqual([]);
  for (const { process } of installed.controllers) expect(process.log()).not.toMatch(/forbidden/i);
});

test("and it needs each of these rights", async () => {
  expect(await needlessRights(cluster)).toEqual([]);
});
