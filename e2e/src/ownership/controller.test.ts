import { type Host, monotonicMs, pass, STREAM_PORT, until } from "@heraldlb/lab";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { owner, printLogs } from "../site.fixture.ts";
import { begin, PROMISED_MS, PROMPT_GAP_MS, SILENCE_GAP_MS, type Stage, setStage } from "./scene.fixture.ts";

const AWAY_MS = 5000;
const LEADS = /^herald_leader_bool 1$/m;

let stage: Stage;

beforeAll(async () => {
  stage = await setStage("controller", { controllers: 2 });
});
afterAll(() => stage[Symbol.asyncDispose]());
beforeEach(async ({ onTestFailed }) => {
  onTestFailed(() => printLogs(stage));
  await stage.herald.mend();
});

describe("one controller", () => {
  test.each([
    [
      "stopped for 5 s",
      async () => {
        stage.herald.controller().kill("SIGSTOP");
        await pass(AWAY_MS);
        stage.herald.controller().kill("SIGCONT");
      },
    ],
    [
      "cut off by its port for 5 s",
      async () => {
        const [host] = stage.lab.controllers as [Host];
        await stage.lab.setPort(host, "mgmt", "down");
        await pass(AWAY_MS);
        await stage.lab.setPort(host, "mgmt", "up");
      },
    ],
    [
      "whose streams are all reset at once",
      async () => {
        const [host] = stage.lab.controllers as [Host];
        const killed = await host.exec(["ss", "-HKtn", "state", "established", "sport", "=", `:${STREAM_PORT}`]);
        expect(killed.trim().split("\n")).toHaveLength(5);
      },
    ],
    [
      "killed and started again",
      async () => {
        stage.herald.controller().kill("SIGKILL");
        await stage.herald.startController();
      },
    ],
  ])("%s: nothing moves, and no probe is lost", async (_name, trouble) => {
    await using scene = await begin(stage);
    await trouble();
    await pass(1500);
    expect(await scene.complaints({ moves: false, doubleMs: 0 })).toEqual([]);
    for (const address of stage.web) expect(scene.watch.summary(address).lost, address).toBe(0);
  });

  test("killed with the owner, and all speakers started again: one answers for each address", async () => {
    const { lab, herald, web } = stage;
    const before = await owner(stage, web[0]);
    await pass(500);
    herald.controller().kill("SIGKILL");
    for (const node of lab.nodes) herald.speaker(node).kill("SIGKILL");
    await Promise.all(lab.nodes.map((node) => herald.speaker(node).exited));
    for (const node of lab.nodes) herald.startSpeaker(node);
    for (const address of web) expect((await owner(stage, address)).name).toBe(before.name);
    await using scene = await begin(stage);
    await herald.startController();
    await pass(1500);
    expect(await scene.complaints({ moves: false, doubleMs: 0 })).toEqual([]);
  });

  test.each(["old node", "new node", "controller"] as const)(
    "the owner is drained, and the %s is killed in the middle: one answers in the end",
    async (victim) => {
      const { herald } = stage;
      await using scene = await begin(stage);
      const began = monotonicMs();
      herald.speaker(scene.before).kill("SIGTERM");
      // The new one's first claim comes when the old one still answers.
      const { lab } = stage;
      const claim = await scene.watch.capture.claimed(stage.web[0], began, {
        fits: ({ mac }) => mac !== scene.before.mac,
        everyMs: 1,
      });
      const next = lab.host(lab.hostOf(claim.mac));
      const killed = {
        "old node": herald.speaker(scene.before),
        "new node": herald.speaker(next),
        controller: herald.controller(),
      };
      killed[victim].kill("SIGKILL");
      await killed[victim].exited;
      await herald.speaker(scene.before).exited;
      await pass(1000);
      if (victim === "controller") await herald.startController();
      await pass(500);
      await scene.watch.end();
      const after = await owner(stage, stage.web[0]);
      for (const address of stage.web) {
        const { order, doubleMs, gapMs } = scene.watch.answers(address);
        expect(order.at(-1), address).toBe(after.name);
        expect(doubleMs, address).toBeLessThanOrEqual(PROMISED_MS);
        expect(gapMs, address).toBeLessThanOrEqual(PROMPT_GAP_MS);
      }
      expect((await owner(stage, stage.web[1])).name).toBe(after.name);
    },
  );
});

describe("two controllers on one folder", () => {
  let standby: Host;
  let leader: Host;

  beforeEach(async () => {
    const { lab, herald } = stage;
    const [one, two] = lab.controllers as [Host, Host];
    if (herald.controllerHosts.length < 2) await herald.startController({ host: two });
    const leads = await until("one of the two led", async () => {
      for (const host of [one, two]) {
        if (LEADS.test(await herald.metrics(host))) return host;
      }
      return undefined;
    });
    [leader, standby] = leads === one ? [one, two] : [two, one];
  });

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "the leader ends by %s: the standby leads in a later term, and nothing moves",
    async (signal) => {
      const { herald } = stage;
      await using scene = await begin(stage);
      herald.controller(leader).kill(signal);
      await herald.controller(leader).exited;
      await until("the standby led", async () => LEADS.test(await herald.metrics(standby)));
      await pass(1000);
      expect(await scene.complaints({ moves: false, doubleMs: 0 })).toEqual([]);
      for (const address of stage.web) expect(scene.watch.summary(address).lost, address).toBe(0);
    },
  );

  test("the leader is stopped for 5 s: nothing moves", async () => {
    const { herald } = stage;
    await using scene = await begin(stage);
    herald.controller(leader).kill("SIGSTOP");
    await pass(AWAY_MS);
    herald.controller(leader).kill("SIGCONT");
    await pass(1500);
    expect(await scene.complaints({ moves: false, doubleMs: 0 })).toEqual([]);
  });

  test("the leader and the owner die together: the next node serves once the standby leads", async () => {
    const { herald } = stage;
    await using scene = await begin(stage);
    herald.controller(leader).kill("SIGKILL");
    herald.speaker(scene.before).kill("SIGKILL");
    await scene.taken();
    await pass(1000);
    expect(await scene.complaints({ moves: true, doubleMs: 0, gapMs: 8000 })).toEqual([]);
  });

  test("the leader is stopped and the owner dies: the next node serves once the leader goes on", async () => {
    const { herald } = stage;
    await using scene = await begin(stage);
    herald.controller(leader).kill("SIGSTOP");
    herald.speaker(scene.before).kill("SIGKILL");
    await pass(1000);
    herald.controller(leader).kill("SIGCONT");
    await scene.taken();
    await pass(1000);
    expect(await scene.complaints({ moves: true, doubleMs: 0, gapMs: 1000 + SILENCE_GAP_MS })).toEqual([]);
  });

  test("the management network splits, a controller on each side: the leader's side serves", async () => {
    const { lab } = stage;
    await using scene = await begin(stage);
    const apart = [standby, scene.before, ...scene.idle.slice(0, 1)];
    await lab.setFaults([stage.lab.cutOff("mgmt", apart)]);
    const after = await scene.taken();
    expect(apart.map(({ name }) => name)).not.toContain(after.name);
    await pass(500);
    await lab.setFaults([]);
    await pass(1000);
    expect(await scene.complaints({ moves: true, doubleMs: PROMISED_MS, gapMs: SILENCE_GAP_MS })).toEqual([]);
  });
});
