import { pass, runsOf } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { owner, printLogs, type Site, setUp, writeService } from "../site.fixture.ts";

const ADDRESSES: readonly Ip[] = [
  "10.64.1.10",
  "fd64::1:10",
  "10.64.1.11",
  "fd64::1:11",
] as readonly string[] as readonly Ip[];

describe("all processes started at once", () => {
  let site: Site;

  beforeAll(async () => {
    site = await setUp("start");
    writeService(site, { name: "web" });
    writeService(site, { name: "web2" });
  });
  afterAll(() => site[Symbol.asyncDispose]());
  beforeEach(({ onTestFailed }) => onTestFailed(() => printLogs(site)));

  test.each([
    ["the speakers first", 500],
    ["the controller and the speakers together, a second time", 0],
  ])("%s: never two answer for an address", async (_name, headStartMs) => {
    const { lab, herald, witness } = site;
    await using capture = await lab.capture("lan");
    await using stack = new AsyncDisposableStack();
    for (const address of ADDRESSES) stack.use(lab.ask(witness, address));
    for (const node of lab.nodes) stack.use(herald.startSpeaker(node));
    await pass(headStartMs);
    stack.use(await herald.startController());
    for (const address of ADDRESSES) await capture.claimed(address, 0);
    await pass(3000);
    for (const address of ADDRESSES) {
      const runs = runsOf(capture.claims(address));
      expect(
        runs.map(({ mac }) => lab.hostOf(mac)),
        address,
      ).toHaveLength(1);
    }
    expect((await owner(site, ADDRESSES[0] as Ip)).name).toBe((await owner(site, ADDRESSES[1] as Ip)).name);
  });

  test("a controller killed and all speakers restarted from their state: one answers for each address", async () => {
    const { lab, herald, witness } = site;
    const controller = await herald.startController();
    for (const node of lab.nodes) herald.startSpeaker(node);
    for (const address of ADDRESSES) await owner(site, address);
    // Time to write the state down: it is written soon after a change, not with it.
    await pass(1000);
    controller.kill("SIGKILL");
    for (const node of lab.nodes) herald.speaker(node).kill("SIGKILL");
    for (const node of lab.nodes) await herald.speaker(node).exited;
    await using capture = await lab.capture("lan");
    await using stack = new AsyncDisposableStack();
    for (const address of ADDRESSES) stack.use(lab.ask(witness, address));
    for (const node of lab.nodes) herald.startSpeaker(node);
    for (const address of ADDRESSES) await capture.claimed(address, 0);
    await pass(2000);
    for (const address of ADDRESSES) {
      expect(
        runsOf(capture.claims(address)).map(({ mac }) => lab.hostOf(mac)),
        address,
      ).toHaveLength(1);
    }
  });
});
