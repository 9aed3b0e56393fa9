import type { FaultClass, Scene } from "../scene.ts";
import { cutData, cutManagement, isolate } from "./isolate.ts";

type Act = readonly [what: string, begin: () => void, end: () => void];

/** Two to five faults of any kind, overlapping; everything heals in the end. */
function anything(scene: Scene): void {
  const { cluster, start, at, between, pick } = scene;
  cluster.segment.loss = pick([0, 0, 0.02]);
  const count = pick([2, 3, 4, 5]);
  for (let i = 0; i < count; i++) {
    const time = start + between(0, 6_000);
    const ms = pick([300, 1_500, 4_000]) * between(0, 1);
    const [what, begin, end] = pick(acts(scene));
    at(time, what, begin);
    at(time + ms, `no more: ${what}`, end);
  }
  at(start + 10_500, "everything heals", () => {
    cluster.heal();
    cluster.api.set(true);
    cluster.segment.loss = 0;
    for (const speaker of cluster.speakers) {
      if (!speaker.hasCarrier) speaker.setCarrier(true);
      speaker.freeMainThread();
    }
    for (const process of [...cluster.speakers, ...cluster.controllers]) {
      process.resume();
      process.start();
    }
  });
}

function acts({ cluster, pick }: Scene): readonly Act[] {
  const { management, api } = cluster;
  const speaker = pick(cluster.speakers);
  const controller = pick(cluster.controllers);
  const node = pick(cluster.nodes);
  const prefer = () => cluster.groupIds.forEach((id) => void cluster.prefer(id, node));
  return [
    [`${speaker.name} is killed`, () => speaker.kill(), () => speaker.start()],
    [`${speaker.name} is stopped`, () => speaker.pause(), () => speaker.resume()],
    [`${controller.name} is killed`, () => controller.kill(), () => controller.start()],
    [`${controller.name} is stopped`, () => controller.pause(), () => controller.resume()],
    [`${speaker.name} without management`, () => cutManagement(speaker, true), () => cutManagement(speaker, false)],
    [`${speaker.name} is cut off`, () => isolate(speaker, true), () => cutManagement(speaker, false)],
    [
      `${controller.name}'s port is down`,
      () => management.cutOff(controller.host, true),
      () => management.cutOff(controller.host, false),
    ],
    ["the API server is down", () => api.set(false), () => api.set(true)],
    [`all groups prefer ${node}`, prefer, () => {}],
    [`${speaker.name} gets SIGTERM`, () => speaker.drain(), () => speaker.start()],
    [
      `${speaker.name} can't send on the management network`,
      () => cutManagement(speaker, true, "out"),
      () => cutManagement(speaker, false),
    ],
    [`${speaker.name} without service network`, () => cutData(speaker, true), () => cutData(speaker, false)],
    [`${speaker.name} without carrier`, () => speaker.setCarrier(false), () => speaker.setCarrier(true)],
    [`${speaker.name}'s main thread hangs`, () => speaker.hangMainThread(), () => speaker.freeMainThread()],
    ["the Lease is deleted", () => api.deleteLease(), () => {}],
  ];
}

/** Whatever comes. */
export const ANYTHING_CLASSES: readonly FaultClass[] = [
  {
    name: "anything",
    what: "2 to 5 random faults, overlapping",
    controllerTimers: { preferAfterMs: 1_000, preferRetryMs: 3_000 },
    until: 22_000,
    script: anything,
  },
  {
    name: "anything-on-nodes",
    what: "… with the controllers on the speakers' nodes",
    controllerTimers: { preferAfterMs: 1_000, preferRetryMs: 3_000 },
    onNodes: true,
    until: 22_000,
    script: anything,
  },
  {
    name: "anything-with-file",
    what: "… with two controllers on one folder",
    controllerTimers: { preferAfterMs: 1_000, preferRetryMs: 3_000 },
    file: true,
    until: 22_000,
    script: anything,
  },
];
