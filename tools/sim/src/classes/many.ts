import type { FaultClass } from "../scene.ts";
import { cutData, cutManagement, isolate } from "./isolate.ts";

/**
 * Hundreds of groups, with a twentieth of the real pace of probes and announcements: as many seconds' worth of them as
 * thousands of groups have.
 */
const MANY = {
  groups: [100, 200, 300],
  speakerTimers: { probesPerSecond: 500 },
  announceMs: 1,
  until: 20_000,
} as const;

/** Faults where the number of groups matters. */
export const MANY_CLASSES: readonly FaultClass[] = [
  {
    name: "many-owner-lost",
    what: "hundreds of groups: owner killed, stopped or cut off",
    ...MANY,
    script: ({ start, victim, at, between, pick }) => {
      const way = pick(["killed", "stopped", "cut off"]);
      const back = start + between(400, 4_000);
      at(start, `the owner is ${way}`, () => {
        if (way === "killed") victim().kill();
        else if (way === "stopped") victim().pause();
        else isolate(victim(), true);
      });
      at(back, "its service network is back", () => cutData(victim(), false));
      at(back + between(0, 3_000), "it is well again", () => {
        cutManagement(victim(), false);
        victim().resume();
        victim().start();
      });
    },
  },
  {
    name: "many-restart",
    what: "hundreds of groups: all speakers restart without a controller",
    ...MANY,
    bounds: { two: 0 },
    script: ({ cluster, start, at, between }) => {
      at(start, "all die", () => [...cluster.speakers, ...cluster.controllers].forEach((p) => void p.kill()));
      for (const speaker of cluster.speakers) {
        at(start + 500 + between(0, 100), `${speaker.name} starts`, () => speaker.start());
      }
      at(start + between(1_500, 5_000), "the controllers start", () =>
        cluster.controllers.forEach((controller) => void controller.start()),
      );
    },
  },
  {
    name: "many-drain",
    what: "hundreds of groups: owner drains",
    ...MANY,
    script: ({ start, victim, at, between }) => {
      at(start, "the owner gets SIGTERM", () => victim().drain());
      at(start + between(2_500, 4_000), "it is started again", () => victim().start());
    },
  },
];
