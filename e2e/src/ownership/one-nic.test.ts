import { pass } from "@heraldlb/lab";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { printLogs } from "../site.fixture.ts";
import { begin, PROMISED_MS, SILENCE_GAP_MS, type Stage, setStage } from "./scene.fixture.ts";

let stage: Stage;

describe("one interface carries services and management", () => {
  beforeAll(async () => {
    stage = await setStage("one-nic", { management: "shared" });
  });
  afterAll(() => stage[Symbol.asyncDispose]());
  beforeEach(async ({ onTestFailed }) => {
    onTestFailed(() => printLogs(stage));
    await stage.herald.mend();
  });

  test.each(["carrier lost", "cut off with carrier kept"])("the owner: %s: the next node serves", async (how) => {
    await using scene = await begin(stage);
    if (how === "carrier lost") await stage.lab.setPort(scene.before, "lan", "down");
    else await stage.lab.setFaults([stage.lab.cutOff("lan", [scene.before])]);
    await scene.taken();
    await pass(500);
    await stage.herald.mend();
    await pass(1000);
    expect(await scene.complaints({ moves: true, doubleMs: PROMISED_MS, gapMs: SILENCE_GAP_MS })).toEqual([]);
  });
});
