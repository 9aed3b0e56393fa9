import type { FaultClass, Scene } from "../scene.ts";
import { cutData, isolate } from "./isolate.ts";

const ownerThenAll = ({ cluster, start, victim, at, between }: Scene) => {
  at(start, "the owner is killed", () => victim().kill());
  at(start + 700, "the controllers die", () => cluster.controllers.forEach((controller) => void controller.kill()));
  for (const speaker of cluster.speakers) {
    at(start + 1_200, `${speaker.name} is killed`, () => speaker.kill());
    at(start + 1_250 + between(0, 60), `${speaker.name} is started`, () => speaker.start());
  }
  const back = start + 1_200 + between(300, 3_500);
  at(back, "the controllers are started", () => cluster.controllers.forEach((controller) => void controller.start()));
};

/** Everything at once, or without any controller. */
export const EVERYBODY_CLASSES: readonly FaultClass[] = [
  {
    name: "start",
    what: "all start at once",
    still: true,
    bounds: { two: 0, none: 0 },
    until: 9_000,
    script: () => {},
  },
  {
    name: "start-without-controller",
    what: "all speakers restart from the state folder with no controller",
    still: true,
    bounds: { two: 0 },
    script: ({ cluster, at, between }) => {
      at(5_600, "all die", () =>
        [...cluster.speakers, ...cluster.controllers].forEach((process) => void process.kill()),
      );
      for (const speaker of cluster.speakers)
        at(6_000 + between(0, 30), `${speaker.name} starts`, () => speaker.start());
      at(7_000 + between(0, 2_000), "the controllers start", () =>
        cluster.controllers.forEach((controller) => void controller.start()),
      );
    },
  },
  {
    name: "restart-without-controller",
    what: "owner dead, controllers dead, all speakers restart",
    bounds: { two: 0 },
    script: ownerThenAll,
  },
  {
    name: "restart-without-lone-controller",
    what: "… with one controller",
    file: true,
    controllers: 1,
    bounds: { two: 0 },
    script: ownerThenAll,
  },
  {
    name: "cut-off-controllers-die",
    what: "owner cut off, controllers die, network back",
    lanBounds: { two: 150, none: 0 },
    script: ({ cluster, start, victim, at, between }) => {
      at(start, "the owner is cut off", () => isolate(victim(), true));
      at(start + 1_500, "the controllers die", () => cluster.controllers.forEach((c) => void c.kill()));
      at(start + between(2_000, 4_000), "the networks are back", () => isolate(victim(), false));
      at(start + 6_500, "the controllers start", () => cluster.controllers.forEach((c) => void c.start()));
    },
  },
  {
    name: "data-one-way",
    what: "data network one way, then healed",
    script: ({ start, victim, at, pick }) => {
      const back = pick(["out", "in"] as const);
      at(start, "the owner is cut off", () => isolate(victim(), true));
      at(start + 1_500, `its service network is back, ${back} only`, () => cutData(victim(), false, back));
      at(start + 4_000, "both networks are back", () => isolate(victim(), false));
    },
  },
];
