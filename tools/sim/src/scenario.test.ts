import { isSpeakerStalled, ownerOf as ownerAt } from "@heraldlb/election";
import { expect, test } from "vitest";
import { Cluster, type ClusterOptions } from "./cluster.ts";
import type { SpeakerHost } from "./speaker-host.ts";

/** One controller and some speakers, started together; settled after 4 s. */
function started(options: Partial<ClusterOptions> = {}): Cluster {
  const cluster = new Cluster({
    seed: "scenario",
    speakers: 3,
    controllers: 1,
    file: true,
    groups: 6,
    managementMs: 1,
    dataMs: 0.5,
    retransmitMs: 200,
    ...options,
  });
  for (const process of [...cluster.controllers, ...cluster.speakers]) process.start();
  return cluster;
}

function settled(options: Partial<ClusterOptions> = {}): Cluster {
  const cluster = started(options);
  cluster.run(4_000);
  cluster.watch.begin();
  return cluster;
}

const ownerOf = (cluster: Cluster, id = "10.0.0.1"): SpeakerHost => {
  const owner = cluster.speakers.find(({ node }) => node === cluster.owners()[id]);
  if (!owner) throw new Error(`nobody owns ${id}`);
  return owner;
};

const loads = (cluster: Cluster): readonly number[] =>
  cluster.speakers.map(({ node }) => Object.values(cluster.owners()).filter((owner) => owner === node).length);

test("all start at once: one owner for each group, never two answers, evenly spread", () => {
  const cluster = started();
  cluster.run(4_000);
  expect(cluster.watch.unsettled).toEqual([]);
  expect(cluster.watch.worst.two).toBe(0);
  expect(loads(cluster)).toEqual([2, 2, 2]);
});

test("the owner is killed: the next one answers within 50 ms of the stream's end, and the load stays even", () => {
  const cluster = settled();
  ownerOf(cluster).kill();
  cluster.run(cluster.now + 500);
  expect(cluster.watch.unsettled).toEqual([]);
  expect(cluster.watch.worst).toMatchObject({ two: 0 });
  expect(cluster.watch.worst.none).toBeLessThanOrEqual(50);
  expect(loads(cluster).toSorted()).toEqual([0, 3, 3]);
});

test("the owner falls silent: the next one answers after D", () => {
  const cluster = settled();
  ownerOf(cluster).pause();
  cluster.run(cluster.now + 1_000);
  expect(cluster.watch.unsettled).toEqual([]);
  expect(cluster.watch.worst.none).toBeLessThanOrEqual(330);
});

test("what an owner said before it fell silent, and TCP had to send again, delays the takeover by one retransmission", () => {
  const cluster = settled();
  const victim = ownerOf(cluster);
  cluster.management.cutOff(victim.host, true, "out");
  cluster.run(cluster.now + 150);
  cluster.management.cutOff(victim.host, false);
  victim.pause();
  cluster.run(cluster.now + 1_000);
  expect(cluster.watch.unsettled).toEqual([]);
  expect(cluster.watch.worst.none).toBeGreaterThan(330);
  expect(cluster.watch.worst.none).toBeLessThanOrEqual(330 + cluster.management.retransmitMs);
});

test("a dead node comes back: nothing moves back, and nobody answers twice", () => {
  const cluster = settled();
  const victim = ownerOf(cluster);
  victim.kill();
  cluster.run(cluster.now + 2_000);
  cluster.watch.begin();
  victim.start();
  cluster.run(cluster.now + 12_000);
  expect(cluster.watch.moved.size).toBe(0);
  expect(cluster.watch.worst).toMatchObject({ two: 0, none: 0 });
});

test("a stopped node goes on: it is silent before it reads anything, and obeys the Revoke that waited for it", () => {
  const cluster = settled();
  const victim = ownerOf(cluster);
  victim.pause();
  cluster.run(cluster.now + 2_000);
  cluster.watch.begin();
  victim.resume();
  expect([...victim.modes.values()].every((mode) => mode !== "all")).toBe(true);
  expect(isSpeakerStalled(victim.state, cluster.now)).toBe(false);
  cluster.run(cluster.now + 3_000);
  expect(cluster.watch.worst).toMatchObject({ two: 0, none: 0 });
  expect(cluster.watch.moved.size).toBe(0);
});

test("a planned stop: handed over make-before-break, nothing lost, exit 0", () => {
  const cluster = settled();
  const victim = ownerOf(cluster);
  victim.drain();
  cluster.run(cluster.now + 200);
  expect(victim.exitCode).toBe(0);
  expect(cluster.watch.unsettled).toEqual([]);
  expect(cluster.watch.worst).toMatchObject({ two: 0, none: 0 });
  expect(cluster.watch.worst.handOver).toBeLessThanOrEqual(10);
});

test("the controller restarts: it adopts who answers, with a new epoch, and nothing moves or is announced again", () => {
  const cluster = settled();
  cluster.run(cluster.now + 5_000);
  cluster.watch.begin();
  const [controller] = cluster.controllers;
  controller?.kill();
  cluster.run(cluster.now + 1_000);
  controller?.start();
  cluster.run(cluster.now + 4_000);
  expect(cluster.watch.moved.size).toBe(0);
  expect(cluster.watch.worst).toMatchObject({ two: 0, none: 0 });
  const epochs = cluster.groupIds.map((id) => controller && ownerAt(controller.state, id)?.epoch.term);
  expect(new Set(epochs)).toEqual(new Set([2]));
});

test("without a controller the speakers go on, and after a restart of all find one owner for each group", () => {
  const cluster = settled();
  cluster.controllers[0]?.kill();
  cluster.run(cluster.now + 5_000);
  expect(cluster.watch.moved.size).toBe(0);
  for (const speaker of cluster.speakers) speaker.kill();
  cluster.watch.begin();
  for (const speaker of cluster.speakers) speaker.start();
  cluster.run(cluster.now + 1_000);
  expect(cluster.watch.unsettled).toEqual([]);
  expect(cluster.watch.worst.two).toBe(0);
  expect(cluster.watch.worst.none).toBeLessThanOrEqual(600);
});

test("an owner that can't announce gives way after D, and keeps what it had", () => {
  const cluster = settled();
  const [victim, mute, other] = cluster.speakers as [SpeakerHost, SpeakerHost, SpeakerHost];
  const owned = Object.entries(cluster.owners());
  mute.isMute = true;
  victim.kill();
  cluster.run(cluster.now + 1_000);
  for (const [id, owner] of owned) {
    expect(cluster.owners()[id]).toBe(owner === mute.node ? mute.node : other.node);
  }
});

test("two processes of one node: the later one lives and answers, the earlier one ends with 1", () => {
  const cluster = settled();
  const victim = ownerOf(cluster);
  const twin = cluster.addTwin(victim);
  twin.start();
  cluster.run(cluster.now + 500);
  expect([victim.exitCode, twin.exitCode]).toEqual([1, undefined]);
  expect(cluster.watch.unsettled).toEqual([]);
  expect(cluster.watch.moved.size).toBe(0);
  expect(cluster.watch.worst).toMatchObject({ two: 0 });
  expect(cluster.watch.worst.none).toBeLessThanOrEqual(10);
});
