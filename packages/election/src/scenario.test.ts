import { describe, expect, test } from "vitest";
import { isSpeakerStalled } from "./speaker/step.ts";
import { FAULTS } from "./testing/faults.ts";
import { Network, type NetworkOptions } from "./testing/network.ts";
import { play } from "./testing/scene.ts";
import type { SpeakerHost } from "./testing/speaker-host.ts";

/** One controller and some speakers, started together; settled after 4 s. */
function cluster(options: Partial<NetworkOptions> = {}): Network {
  const network = new Network({
    seed: "scenario",
    speakers: 3,
    controllers: 1,
    groups: 6,
    managementMs: 1,
    dataMs: 0.5,
    ...options,
  });
  for (const process of [...network.controllers, ...network.speakers]) process.start();
  return network;
}

function settled(options: Partial<NetworkOptions> = {}): Network {
  const network = cluster(options);
  network.run(4_000);
  network.watch.begin();
  return network;
}

const ownerOf = (network: Network, id = "10.0.0.1"): SpeakerHost => {
  const owner = network.speakers.find(({ name }) => name === network.owners()[id]);
  if (!owner) throw new Error(`nobody owns ${id}`);
  return owner;
};

const loads = (network: Network): readonly number[] =>
  network.speakers.map(({ name }) => Object.values(network.owners()).filter((owner) => owner === name).length);

test("all start at once: one owner for each group, never two answers, evenly spread", () => {
  const network = cluster();
  network.run(4_000);
  expect(network.watch.unsettled).toEqual([]);
  expect(network.watch.worst.two).toBe(0);
  expect(loads(network)).toEqual([2, 2, 2]);
});

test("the owner is killed: the next one answers within 50 ms of the stream's end, and the load stays even", () => {
  const network = settled();
  ownerOf(network).kill();
  network.run(network.now + 500);
  expect(network.watch.unsettled).toEqual([]);
  expect(network.watch.worst).toMatchObject({ two: 0 });
  expect(network.watch.worst.none).toBeLessThanOrEqual(50);
  expect(loads(network).toSorted()).toEqual([0, 3, 3]);
});

test("the owner falls silent: the next one answers after D", () => {
  const network = settled();
  ownerOf(network).pause();
  network.run(network.now + 1_000);
  expect(network.watch.unsettled).toEqual([]);
  expect(network.watch.worst.none).toBeLessThanOrEqual(330);
});

test("a dead node comes back: nothing moves back, and nobody answers twice", () => {
  const network = settled();
  const victim = ownerOf(network);
  victim.kill();
  network.run(network.now + 2_000);
  network.watch.begin();
  victim.start();
  network.run(network.now + 12_000);
  expect(network.watch.moves).toBe(0);
  expect(network.watch.worst).toMatchObject({ two: 0, none: 0 });
});

test("a stopped node goes on: it is silent before it reads anything, and obeys the Revoke that waited for it", () => {
  const network = settled();
  const victim = ownerOf(network);
  victim.pause();
  network.run(network.now + 2_000);
  network.watch.begin();
  victim.resume();
  expect([...victim.modes.values()].every((mode) => mode !== "all")).toBe(true);
  expect(isSpeakerStalled(victim.state, network.now)).toBe(false);
  network.run(network.now + 3_000);
  expect(network.watch.worst).toMatchObject({ two: 0, none: 0 });
  expect(network.watch.moves).toBe(0);
});

test("a planned stop: handed over make-before-break, nothing lost, exit 0", () => {
  const network = settled();
  const victim = ownerOf(network);
  victim.drain();
  network.run(network.now + 200);
  expect(victim.exitCode).toBe(0);
  expect(network.watch.unsettled).toEqual([]);
  expect(network.watch.worst).toMatchObject({ two: 0, none: 0 });
  expect(network.watch.worst.handOver).toBeLessThanOrEqual(10);
});

test("the controller restarts: it adopts who answers, with a new epoch, and nothing moves or is announced again", () => {
  const network = settled();
  network.run(network.now + 5_000);
  network.watch.begin();
  const [controller] = network.controllers;
  controller?.kill();
  network.run(network.now + 1_000);
  controller?.start();
  network.run(network.now + 4_000);
  expect(network.watch.moves).toBe(0);
  expect(network.watch.worst).toMatchObject({ two: 0, none: 0 });
  const epochs = network.groupIds.map((id) => controller?.state.groups.get(id)?.owner?.epoch.term);
  expect(new Set(epochs)).toEqual(new Set([2]));
});

test("without a controller the speakers go on, and after a restart of all find one owner for each group", () => {
  const network = settled();
  network.controllers[0]?.kill();
  network.run(network.now + 5_000);
  expect(network.watch.moves).toBe(0);
  for (const speaker of network.speakers) speaker.kill();
  network.watch.begin();
  for (const speaker of network.speakers) speaker.start();
  network.run(network.now + 1_000);
  expect(network.watch.unsettled).toEqual([]);
  expect(network.watch.worst.two).toBe(0);
  expect(network.watch.worst.none).toBeLessThanOrEqual(600);
});

test("an owner that can't announce gives way after D, and keeps what it had", () => {
  const network = settled();
  const [victim, mute, other] = network.speakers as [SpeakerHost, SpeakerHost, SpeakerHost];
  const owned = Object.entries(network.owners());
  mute.isMute = true;
  victim.kill();
  network.run(network.now + 1_000);
  for (const [id, owner] of owned) {
    expect(network.owners()[id]).toBe(owner === mute.name ? mute.name : other.name);
  }
});

test("two processes of one node: the later one lives, the earlier one falls silent and ends with 1", () => {
  const network = settled();
  const victim = ownerOf(network);
  const controller = network.controllers[0];
  const view = controller?.state.speakers.get(victim.name);
  expect(view?.stream).toBeDefined();
  victim.step({ type: "closed", dial: currentDial(victim), replaced: true, now: network.now });
  network.run(network.now + 100);
  expect(victim.exitCode).toBe(1);
  expect(network.watch.unsettled).toEqual([]);
});

const currentDial = (speaker: SpeakerHost): number => [...speaker.state.dials.keys()][0] as number;

describe("under random faults, from fixed seeds", () => {
  test.each(FAULTS)("$name: one answers, epochs never fall, and it ends with one owner for each group", (fault) => {
    for (let seed = 0; seed < 4; seed++) {
      const { watch, isWhole } = play(fault, seed);
      expect({ seed, two: watch.worst.two <= 500, gap: watch.worst.gap <= 500 }).toEqual({
        seed,
        two: true,
        gap: true,
      });
      expect({ seed, epochs: watch.epochFaults }).toEqual({ seed, epochs: [] });
      if (isWhole) expect({ seed, unsettled: watch.unsettled }).toEqual({ seed, unsettled: [] });
      if (fault.still) expect({ seed, moves: watch.moves }).toEqual({ seed, moves: 0 });
    }
  });

  test("the same seed is the same run", () => {
    const [fault] = FAULTS.filter(({ name }) => name === "anything");
    if (!fault) throw new Error("no such fault");
    const runs = [0, 1].map(() => {
      const lines: string[] = [];
      play(fault, 7, { trace: (line) => lines.push(line) });
      return lines.join("\n");
    });
    expect(runs[0]).toBe(runs[1]);
  });
});

describe("without its rule", () => {
  test.each([
    ["sentinel", "owner cut off, data first"],
    ["firm", "management split in two"],
    ["mass", "controller's port"],
  ] as const)("%s: %s goes wrong", (rule, name) => {
    const fault = FAULTS.find((other) => other.name === name);
    if (!fault) throw new Error("no such fault");
    const isBad = Array.from({ length: 10 }, (_, seed) => play(fault, seed, { without: [rule] })).some(
      ({ watch }) => watch.worst.two > 500 || (fault.still && watch.moves > 0),
    );
    expect(isBad).toBe(true);
  });
});
