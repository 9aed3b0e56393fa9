import { ForeignHost } from "../foreign-host.ts";
import type { FaultClass } from "../scene.ts";
import { cutManagement } from "./isolate.ts";

/** What belongs to nobody, or twice to the same. */
export const STRANGER_CLASSES: readonly FaultClass[] = [
  {
    name: "forged-claims",
    what: "a foreign host claims an address, a firm leader there",
    still: true,
    bounds: { two: 0, none: 0 },
    script: ({ cluster, start, at, between, pick }) => {
      const host = new ForeignHost(cluster, pick(["lower", "higher"]));
      const everyMs = pick([5, 100, 1_000]);
      const claimed = cluster.groupIds.filter((_, i) => i === 0 || between(0, 1) < 0.5);
      at(start, `${host.mac} claims ${claimed.join(", ")} every ${everyMs} ms`, () => {
        for (const id of claimed) host.claim(id, everyMs);
      });
      at(start + between(500, 5_000), "it is gone", () => host.release());
    },
  },
  {
    name: "forged-claims-not-firm",
    what: "… the leader's lease can't be renewed",
    still: true,
    bounds: { two: 0, none: 0 },
    script: ({ cluster, start, at, between, pick }) => {
      const host = new ForeignHost(cluster, pick(["lower", "higher"]));
      at(start, "the API server is down", () => cluster.api.set(false));
      at(start + between(2_000, 3_000), `${host.mac} claims all addresses`, () => {
        for (const id of cluster.groupIds) host.claim(id, 100);
      });
      at(start + 5_000, "it is gone", () => host.release());
      at(start + 5_500, "the API server is back", () => cluster.api.set(true));
    },
  },
  {
    name: "forged-claims-alone",
    what: "… without any controller: silent while they last, back after",
    script: ({ cluster, start, at, between, pick }) => {
      const host = new ForeignHost(cluster, pick(["lower", "higher"]));
      at(start, "the controllers die", () => cluster.controllers.forEach((controller) => void controller.kill()));
      at(start + 500, `${host.mac} claims all addresses`, () => {
        for (const id of cluster.groupIds) host.claim(id, 100);
      });
      at(start + between(600, 3_000), "it is gone", () => host.release());
      if (between(0, 1) < 0.5) return;
      at(start + between(1_000, 4_000), "the controllers start", () =>
        cluster.controllers.forEach((controller) => void controller.start()),
      );
    },
  },
  {
    name: "two-processes",
    what: "two speakers of one node, each with a state folder of its own",
    until: 16_000,
    script: ({ cluster, start, victim, at, between }) => {
      at(start, "another speaker of the owner's node starts", () => {
        const twin = cluster.addTwin(victim());
        twin.start();
        if (between(0, 1) < 0.3) cutManagement(victim(), true);
      });
      at(start + between(500, 2_000), "the management network works", () => cutManagement(victim(), false));
    },
  },
];
