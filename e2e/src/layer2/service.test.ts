import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  endpointsManifest,
  type LabProcess,
  manifests,
  monotonicMs,
  pass,
  serviceManifest,
  startProber,
  until,
} from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { isIpv4 } from "@heraldlb/net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { nobodyOwns, owner, printLogs, type Site, setUp, startHerald, writeService } from "../site.fixture.ts";

// More than there is between two rounds that announce a change.
const BETWEEN_ROUNDS_MS = 1_500;

describe("a Service's addresses", () => {
  let site: Site;
  let web: Ip[];

  beforeAll(async () => {
    site = await setUp("service");
    writeService(site, { name: "web" });
    await startHerald(site);
    web = await site.herald.given("web", 2);
  });
  afterAll(() => site[Symbol.asyncDispose]());
  beforeEach(({ onTestFailed }) => onTestFailed(() => printLogs(site)));

  test("come from the pool, one of each family, and are written to the status file", () => {
    expect(web).toEqual(["10.64.1.10", "fd64::1:10"]);
    const status = readFileSync(join(site.herald.folder, ".herald/status/default/web.yaml"), "utf8");
    expect(status).toMatch(/kind: Service/);
    expect(status).toMatch(/loadBalancer:/);
  });

  test("are answered for by the same one node, by ARP and by Neighbor Discovery", async () => {
    const owners = [];
    for (const address of web) owners.push((await owner(site, address)).name);
    expect(new Set(owners).size).toBe(1);
  });

  test("are resolved by a client's kernel, whose connections that node answers", async () => {
    for (const address of web) {
      const { name, mac } = await owner(site, address);
      await site.client.forgetNeighbours();
      expect(await site.client.curl(address)).toBe(name);
      expect(await site.client.neighbour(address)).toMatchObject({ mac });
    }
  });

  test("of two Services are different ones, and both are reached", async () => {
    writeService(site, { name: "shop" });
    const shop = await site.herald.given("shop", 2);
    expect(shop).toEqual(["10.64.1.11", "fd64::1:11"]);
    for (const address of [...shop, ...web]) {
      expect(await site.client.curl(address)).toBe((await owner(site, address)).name);
    }
    site.herald.remove("shop.yaml");
    for (const address of shop) await nobodyOwns(site, address);
    expect(await site.herald.given("web", 2)).toEqual(web);
  });

  test("stay as they are while a wrong manifest lies beside good ones, and the wrong one is reported by file, line and field", async () => {
    const before = await owner(site, web[0] as Ip);
    const wrong = serviceManifest({ name: "wrong" }).replace("port: 80", "port: eighty");
    site.herald.write("wrong.yaml", wrong);
    site.herald.write("broken.yaml", "kind: [Service\n");
    writeService(site, { name: "good", families: ["ipv4"] });
    const good = await site.herald.given("good", 1);
    expect((await owner(site, web[0] as Ip)).name).toBe(before.name);
    expect(await site.client.curl(good[0] as Ip)).toBe((await owner(site, good[0] as Ip)).name);
    const reported = entries(site.herald.controller());
    const line = wrong.split("\n").findIndex((text) => text.includes("eighty")) + 1;
    const problem = expect.stringContaining("eighty");
    expect(reported).toContainEqual(
      expect.objectContaining({ file: "wrong.yaml", line, field: "spec.ports[0].port", problem }),
    );
    expect(reported).toContainEqual(expect.objectContaining({ file: "broken.yaml", line: expect.any(Number) }));
    expect(site.herald.addresses("wrong")).toEqual([]);
    for (const file of ["wrong.yaml", "broken.yaml", "good.yaml"]) site.herald.remove(file);
  });

  test("with traffic policy Local follow the endpoints, and are withdrawn with the last one", async () => {
    const endpoints = (ready: readonly string[], notReady: readonly string[]) =>
      site.herald.write(
        "local.yaml",
        manifests(
          serviceManifest({ name: "local", trafficPolicy: "Local" }),
          endpointsManifest({ service: "local", ready, notReady }),
        ),
      );
    endpoints(["node2"], ["node1", "node3"]);
    const addresses = await site.herald.given("local", 2);
    for (const address of addresses) expect((await owner(site, address)).name).toBe("node2");
    const [ipv4] = addresses as [Ip];

    await using prober = await startProber(site.client, [ipv4]);
    await prober.answered(ipv4, { since: 0, by: ["node2"] });
    const moved = monotonicMs();
    endpoints(["node3"], ["node1", "node2"]);
    const { at } = await prober.answered(ipv4, { since: moved, by: ["node3"] });
    expect(at - moved).toBeLessThan(2000);
    for (const address of addresses) expect((await owner(site, address)).name).toBe("node3");

    endpoints([], ["node1", "node2", "node3"]);
    for (const address of addresses) await nobodyOwns(site, address);
    endpoints(["node1"], ["node2"]);
    for (const address of addresses) expect((await owner(site, address)).name).toBe("node1");
    site.herald.remove("local.yaml");
    for (const address of addresses) await nobodyOwns(site, address);
  });

  test("are announced again and again after a change only if the Service asks for it", async () => {
    await using capture = await site.lab.capture("lan");
    writeService(site, { name: "often", annotations: { "heraldlb.io/refresh": "1s" } });
    writeService(site, { name: "once" });
    const [often, once] = [await site.herald.given("often", 2), await site.herald.given("once", 2)];
    for (const address of [...often, ...once]) await capture.claimed(address, 0);
    const told = (address: Ip, since?: number) => capture.claims(address, since).filter(({ to }) => to === "group");
    // A node that stands still for a moment announces both anew.
    await until(
      "one was announced on and on, and the other was not any more",
      () => {
        const over = Math.max(...once.flatMap((address) => told(address).map(({ at }) => at))) + BETWEEN_ROUNDS_MS;
        return often.every((address) => told(address, over).length >= 3);
      },
      { timeoutMs: 30_000 },
    );
    for (const name of ["often", "once"]) site.herald.remove(`${name}.yaml`);
  });

  test("outlive a restart of the controller: no probe lost, nothing moved, nothing announced anew", async () => {
    const before = await owner(site, web[0] as Ip);
    await using capture = await site.lab.capture("lan");
    await using prober = await startProber(site.client, web);
    for (const address of web) await prober.answered(address, { since: 0 });
    await pass(300);
    const restart = monotonicMs();
    await site.herald.controller().stop();
    await pass(500);
    await site.herald.startController();
    await until("every speaker had found the controller again", async () => await allReady(site));
    await pass(2000);
    await prober.stop();
    await capture.stop();
    for (const address of web) {
      expect(prober.summary(address)).toMatchObject({ lost: 0, answeredBy: [before.name] });
      const told = capture.claims(address, restart).filter(({ to }) => to === "group");
      expect(told).toEqual([]);
    }
    expect(site.herald.addresses("web")).toEqual(web);
  });

  test("are answered for as long as the controller is dead, and the same afterwards", async () => {
    const before = await owner(site, web[0] as Ip);
    await using prober = await startProber(site.client, web);
    site.herald.controller().kill("SIGKILL");
    await site.herald.controller().exited;
    await pass(3000);
    for (const address of web) expect((await owner(site, address)).name).toBe(before.name);
    await site.herald.startController();
    await pass(2000);
    await prober.stop();
    for (const address of web) {
      expect(prober.summary(address)).toMatchObject({ lost: 0, answeredBy: [before.name] });
    }
    expect(site.herald.addresses("web")).toEqual(web);
    expect(web.map(isIpv4)).toEqual([true, false]);
  });
});

/** What a process has logged, line by line. */
function entries(process: LabProcess): unknown[] {
  return process
    .log()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

async function allReady({ herald, lab }: Site): Promise<boolean> {
  for (const node of lab.nodes) await herald.ready(node, herald.speaker(node));
  return true;
}
