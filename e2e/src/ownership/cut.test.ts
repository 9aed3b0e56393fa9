import type { Fault } from "@heraldlb/lab";
import { pass } from "@heraldlb/lab";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { printLogs } from "../site.fixture.ts";
import { begin, PROMISED_MS, PROMPT_GAP_MS, SILENCE_GAP_MS, type Stage, setStage } from "./scene.fixture.ts";

describe("the owner is cut off, and keeps its carrier", () => {
  let stage: Stage;

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
});
