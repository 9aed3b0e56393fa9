import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Host, monotonicMs, pass, until } from "@heraldlb/lab";
import { parseMac } from "@heraldlb/net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { owner, printLogs } from "../site.fixture.ts";
import { at, begin, PROMISED_MS, PROMPT_GAP_MS, SILENCE_GAP_MS, type Stage, setStage } from "./scene.fixture.ts";

const ASKED = 20;

let stage: Stage;

describe("the owner itself fails", () => {
  beforeAll(async () => {
    stage = await setStage("process", { clients: 3 });
  });
  afterAll(() => stage[Symbol.asyncDispose]());
  beforeEach(async ({ onTestFailed }) => {
    onTestFailed(() => printLogs(stage));
    await stage.herald.mend();
  });

  test("killed and started again at once: the next node serves", async () => {
    await using scene = await begin(stage);
    stage.herald.speaker(scene.before).kill("SIGKILL");
    await stage.herald.speaker(scene.before).exited;
    stage.herald.startSpeaker(scene.before);
    await scene.taken();
    await pass(1000);
    expect(await scene.complaints({ moves: true, doubleMs: 0, gapMs: PROMPT_GAP_MS })).toEqual([]);
  });

  test.each([
    [200, 500],
    [2000, 500],
  ])("stopped for %i ms: what was asked meanwhile is never answered", async (stoppedMs, doubleMs) => {
    await using scene = await begin(stage);
    const { lab, herald, web } = stage;
    const [latecomer] = lab.clients.slice(2) as [Host];
    await using heard = await lab.capture(latecomer);
    const stopped = monotonicMs();
    herald.speaker(scene.before).kill("SIGSTOP");
    // Nobody else has this one's questions in its queue.
    await latecomer.attempt(["arping", "-q", "-i", "lan0", "-c", `${ASKED}`, "-W", "0.005", web[0]]);
    await at(stopped + stoppedMs);
    herald.speaker(scene.before).kill("SIGCONT");
    const continued = monotonicMs();
    await pass(1000);
    const late = heard.claims(web[0], continued).filter(({ to, mac }) => to === "one" && mac === scene.before.mac);
    expect(late).toEqual([]);
    const moves = (await owner(stage, web[0])).name !== scene.before.name;
    // Shorter than the detection time it may stay, but a heartbeat may have been due as it was stopped.
    if (stoppedMs >= 2000) expect(moves).toBe(true);
    expect(await scene.complaints({ moves, doubleMs, gapMs: SILENCE_GAP_MS })).toEqual([]);
  });

  test("its carrier is lost, with another interface for management: the next node serves", async () => {
    await using scene = await begin(stage);
    await stage.lab.setPort(scene.before, "lan", "down");
    await scene.taken();
    await pass(500);
    await stage.lab.setPort(scene.before, "lan", "up");
    await pass(1000);
    expect(await scene.complaints({ moves: true, doubleMs: 0, gapMs: PROMPT_GAP_MS })).toEqual([]);
  });

  test("its MAC changes: it tells everybody the new one at once, and never names the old one again", async () => {
    await using scene = await begin(stage);
    const { lab, web } = stage;
    const mac = parseMac("02:00:00:00:77:07");
    if (!mac) throw new Error("no MAC");
    await lab.setMac(scene.before, "lan", mac);
    const changed = monotonicMs();
    for (const address of web) {
      await scene.watch.capture.claimed(address, changed, {
        fits: (claim) => claim.mac === mac && claim.to === "group",
      });
      await scene.watch.prober.answered(address, { since: changed, by: [scene.before.name] });
    }
    const told = monotonicMs();
    await pass(1000);
    await scene.watch.end();
    expect(told - changed).toBeLessThan(PROMPT_GAP_MS);
    for (const address of web) {
      expect(new Set(scene.watch.capture.claims(address, told).map((claim) => claim.mac)), address).toEqual(
        new Set([mac]),
      );
      expect(await stage.witness.resolve(address)).toEqual([mac]);
    }
    await lab.setMac(scene.before, "lan", scene.before.mac);
  });

  test("hard reset and reboot: the next node serves, and nothing of what it owned is remembered", async () => {
    await using scene = await begin(stage);
    const { lab, herald } = stage;
    const node = scene.before;
    const record = join(herald.stateFolder(node), "ownership.json");
    await until("its ownership was written down", () => readFileSync(record, "utf8").includes(stage.web[0]));
    // Nobody hears its processes end.
    await lab.setFaults([stage.lab.cutOff("mgmt", [node]), stage.lab.cutOff("lan", [node])]);
    herald.speaker(node).kill("SIGKILL");
    await scene.taken();
    await lab.setFaults([]);
    const bootId = join(lab.folder, "boot-id");
    writeFileSync(bootId, "6b1c2d3e-4f50-4a6b-8c7d-9e0f1a2b3c4d\n");
    const rebooted = herald.startSpeaker(node, { mounts: [["--bind", bootId, "/proc/sys/kernel/random/boot_id"]] });
    await herald.ready(node, rebooted);
    await pass(1000);
    expect(rebooted.log()).not.toMatch(/"to":"(?:verify|owner)"/);
    // Only the term is: it need not hear of it anew.
    expect(rebooted.log()).toMatch(/"message":"authority changed"/);
    expect(rebooted.log()).not.toMatch(/"message":"term changed"/);
    expect(await scene.complaints({ moves: true, doubleMs: 0, gapMs: SILENCE_GAP_MS })).toEqual([]);
  });

  test("another speaker is started for the same node: the older one ends with 1, and nothing flaps", async () => {
    await using scene = await begin(stage);
    const { herald } = stage;
    const older = herald.speaker(scene.before);
    const [host] = scene.idle as [Host];
    await herald.speaker(host).stop();
    await using newer = herald.startSpeaker(host, { node: scene.before.name });
    expect(await older.exited).toEqual({ code: 1, signal: undefined });
    expect(older.log()).toMatch(/replaced/i);
    await herald.ready(host, newer);
    await pass(1000);
    expect(newer.exit).toBeUndefined();
    await scene.watch.end();
    for (const address of stage.web) {
      const { order, doubleMs } = scene.watch.answers(address);
      expect(order, address).toHaveLength(2);
      expect(doubleMs, address).toBeLessThanOrEqual(PROMISED_MS);
    }
    await newer.stop();
    herald.startSpeaker(host);
  });

  test("the disk of its state folder is full: it goes on announcing, says so once and counts", async () => {
    const { lab, herald, web } = stage;
    const before = await owner(stage, web[0]);
    const [node] = lab.nodes.filter(({ name }) => name !== before.name) as [Host];
    const folder = herald.stateFolder(node);
    await herald.speaker(node).stop();
    mkdirSync(folder, { recursive: true });
    const tmpfs = ["-t", "tmpfs", "-o", "size=4k,nr_inodes=2", "tmpfs", folder];
    const speaker = herald.startSpeaker(node, { mounts: [tmpfs] });
    await herald.ready(node, speaker);
    // The others go, one after the other, and this one is left.
    for (const other of lab.nodes.filter(({ name }) => name !== node.name)) {
      await herald.speaker(other).stop();
    }
    for (const address of web) expect((await owner(stage, address)).name).toBe(node.name);
    await pass(500);
    expect(speaker.log().match(/"message":"state file not written/g)).toHaveLength(1);
    expect(await herald.metrics(node)).toMatch(/^herald_speaker_state_folder_errors_total [1-9]/m);
    expect(speaker.exit).toBeUndefined();
    await speaker.stop();
  });
});
