import type { FaultClass, Scene } from "../scene.ts";

/** Something is killed in the middle of a planned move, in most of the runs. */
function disturb({ cluster, start, victim, leader, at, between, pick }: Scene): void {
  const other = pick(cluster.speakers);
  const killed = pick([leader, leader, victim, () => other, undefined]);
  if (!killed) return;
  at(start + between(0, 300), "it is disturbed: somebody is killed", () => killed().kill());
  at(start + 3_000, "who was killed is started", () => killed().start());
}

/** Moves that are wanted. */
export const PLANNED_CLASSES: readonly FaultClass[] = [
  {
    name: "drain",
    what: "owner drains, with leader, old or other node killed in it",
    script: (scene) => {
      const { start, victim, at } = scene;
      at(start, "the owner gets SIGTERM", () => victim().drain());
      disturb(scene);
      at(start + 4_000, "the owner is started again", () => victim().start());
    },
  },
  {
    name: "preferred",
    what: "another node is preferred, with leader, old or other node killed in it",
    controllerTimers: { preferAfterMs: 2_000, preferRetryMs: 3_000 },
    until: 16_000,
    script: (scene) => {
      const { cluster, start, at, between, pick } = scene;
      const node = pick(cluster.nodes);
      for (const id of cluster.groupIds) {
        at(start + between(0, 50), `${id} prefers ${node}`, () => cluster.prefer(id, node));
      }
      disturb(scene);
    },
  },
];
