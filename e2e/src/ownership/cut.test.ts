import { type Fault, monotonicMs, pass } from "@heraldlb/lab";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { printLogs } from "../site.fixture.ts";
import { begin, PROMISED_MS, PROMPT_GAP_MS, SILENCE_GAP_MS, type Stage, setStage } from "./scene.fixture.ts";

let stage: Stage;

describe("the owner is cut off, and keeps its carrier", () => {
  beforeAll(async () => {
    stage = await setStage("cut");
  });
  afterAll(() => stage[Symbol.asyncDispose]());
  beforeEach(async ({ onTestFailed }) => {
    onTestFailed(() => printLogs(stage));
    await stage.herald.mend();
  });

  test.each([
    ["both ways", "both"],
    ["so that it is not heard", "out"],
    ["so that it hears nothing", "in"],
  ] as const)("management network cut %s: the next node serves, and goes on when it heals", async (_name, how) => {
    await using scene = await begin(stage);
    await stage.lab.setFaults([stage.lab.cutOff("mgmt", [scene.before], how)]);
    await scene.taken();
    await pass(500);
    await stage.lab.setFaults([]);
    await pass(1000);
    expect(await scene.complaints({ moves: true, doubleMs: PROMISED_MS, gapMs: PROMPT_GAP_MS })).toEqual([]);
  });

  test("data network cut: nothing moves, and the owner answers again when it heals", async () => {
    await using scene = await begin(stage);
    await stage.lab.setFaults([stage.lab.cutOff("lan", [scene.before])]);
    await pass(1000);
    await stage.lab.setFaults([]);
    await pass(500);
    expect(await scene.complaints({ moves: false, doubleMs: 0 })).toEqual([]);
  });

  test.each([
    ["both networks come back together", []],
    ["the data network comes back first", ["mgmt"]],
    ["the management network comes back first", ["lan"]],
  ] as const)("both networks cut: the next node serves, and goes on when %s", async (_name, stillCut) => {
    await using scene = await begin(stage);
    const cut = (network: "lan" | "mgmt"): Fault => stage.lab.cutOff(network, [scene.before]);
    await stage.lab.setFaults([cut("mgmt"), cut("lan")]);
    await scene.taken();
    await pass(500);
    await stage.lab.setFaults(stillCut.map(cut));
    await pass(1000);
    await stage.lab.setFaults([]);
    await pass(1000);
    expect(await scene.complaints({ moves: true, doubleMs: PROMISED_MS, gapMs: SILENCE_GAP_MS })).toEqual([]);
  });

  test("both networks cut, then the controller dies, then the network heals: one of the two goes on", async () => {
    await using scene = await begin(stage);
    await stage.lab.setFaults([stage.lab.cutOff("mgmt", [scene.before]), stage.lab.cutOff("lan", [scene.before])]);
    const after = await scene.taken();
    stage.herald.controller().kill("SIGKILL");
    await pass(500);
    await stage.lab.setFaults([]);
    const healed = monotonicMs();
    await pass(1000);
    await scene.watch.end();
    for (const address of stage.web) {
      expect(scene.watch.answers(address).doubleMs, address).toBeLessThanOrEqual(PROMISED_MS);
      const settled = scene.watch.answers(address, { from: healed + PROMISED_MS });
      expect(settled.order, address).toHaveLength(1);
      expect([scene.before.name, after.name]).toContain(settled.order[0]);
    }
  });

  test("management cut, and deaf on the data network: both answer while it lasts, and one once it hears again", async () => {
    await using scene = await begin(stage);
    const { lab, web } = stage;
    // What it sends arrives, so the witness hears both.
    await lab.setFaults([lab.cutOff("mgmt", [scene.before]), lab.cutOff("lan", [scene.before], "in")]);
    const after = await scene.taken();
    await pass(500);
    await lab.setFaults([lab.cutOff("mgmt", [scene.before])]);
    const hears = monotonicMs();
    await pass(1500);
    await lab.setFaults([]);
    await pass(500);
    await scene.watch.end();
    for (const address of web) {
      expect(scene.watch.answers(address, { from: hears }).doubleMs, address).toBeLessThanOrEqual(PROMISED_MS);
      expect(scene.watch.answers(address, { from: hears + PROMISED_MS }).order, address).toEqual([after.name]);
    }
  });
});
