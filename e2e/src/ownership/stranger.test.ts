import { join } from "node:path";
import { type Host, type LabProcess, monotonicMs, pass } from "@heraldlb/lab";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { owner, printLogs } from "../site.fixture.ts";
import { begin, type Stage, setStage } from "./scene.fixture.ts";

const FORGED_MS = 3000;
const FORGER = join(import.meta.dirname, "forger.fixture.ts");

let stage: Stage;

describe("another host claims addresses that Herald has given", () => {
  let forger: Host;

  beforeAll(async () => {
    stage = await setStage("stranger", { clients: 3 });
    forger = stage.lab.host("client3");
  });
  afterAll(() => stage[Symbol.asyncDispose]());
  beforeEach(async ({ onTestFailed }) => {
    onTestFailed(() => printLogs(stage));
    await stage.herald.mend();
  });

  function forge(): LabProcess {
    const node = [process.execPath, "--conditions=@heraldlb/source", "--disable-warning=ExperimentalWarning"] as const;
    return forger.start([...node, FORGER, "lan0", forger.mac, "fe80::dead", ...stage.web], { name: "forger" });
  }

  test("with a leader: the owner goes on answering, defends them once a second, and tells whose MAC it is", async () => {
    await using scene = await begin(stage);
    const { herald, web } = stage;
    {
      await using _forging = forge();
      for (const address of web) {
        await scene.watch.capture.claimed(address, 0, { fits: ({ mac }) => mac === forger.mac });
      }
      const from = monotonicMs();
      await pass(FORGED_MS);
      const to = monotonicMs();
      for (const address of web) {
        const own = scene.watch.capture
          .claims(address, from)
          .filter(({ at, mac }) => at < to && mac === scene.before.mac);
        // The witness asks every 20 ms.
        expect(own.filter((claim) => claim.to === "one").length, address).toBeGreaterThan(FORGED_MS / 60);
        const defences = Map.groupBy(
          own.filter((claim) => claim.to === "group"),
          ({ form }) => form,
        );
        // Rounds that every new owner sends may still be going on.
        for (const [form, { length }] of defences) expect(length, form).toBeLessThanOrEqual((2 * FORGED_MS) / 1000 + 2);
        expect(defences.size, address).toBeGreaterThan(0);
      }
    }
    await pass(500);
    await scene.watch.end();
    expect((await owner(stage, web[0])).name).toBe(scene.before.name);
    expect(herald.speaker(scene.before).log()).toContain(`"rival":"${forger.mac}"`);
    expect(herald.controller().log()).toContain(forger.mac);
    expect(await herald.metrics(stage.lab.host("controller1"))).toMatch(/^herald_conflicts_reported_total [1-9]/m);
    const names = new Set(scene.watch.answers(web[0]).order);
    expect(names).toEqual(new Set([scene.before.name, forger.name]));
  });

  test("without a leader: the owner is silent as long as that lasts, and answers again 3 s later", async () => {
    const { herald, web } = stage;
    const before = await owner(stage, web[0]);
    herald.controller().kill("SIGKILL");
    await pass(500);
    {
      await using _forging = forge();
      await herald.speaker(before).logged(/"to":"yielded"/);
      await pass(500);
      expect(await stage.witness.resolve(web[1])).not.toContain(before.mac);
    }
    for (const address of web) expect((await owner(stage, address)).name).toBe(before.name);
  });
});
