import type { FaultClass, Scene } from "../scene.ts";
import { cutData, cutManagement, isolate } from "./isolate.ts";

const isolation =
  (managementMs: number, dataMs: number) =>
  ({ start, victim, at, between }: Scene) => {
    const back = start + between(100, 4_000);
    at(start, "the owner is cut off", () => isolate(victim(), true));
    at(back + managementMs * between(0, 1), "its management network is back", () => cutManagement(victim(), false));
    at(back + dataMs * between(0, 1), "its service network is back", () => cutData(victim(), false));
  };

const carrierLoss =
  (isShared: boolean) =>
  ({ start, victim, at, between }: Scene) => {
    const set = (isUp: boolean) => {
      if (isShared) cutManagement(victim(), !isUp);
      victim().setCarrier(isUp);
    };
    at(start, "the owner's carrier is lost", () => set(false));
    at(start + between(50, 4_000), "its carrier is back", () => set(true));
  };

/** The owner, its node and its cables. */
export const OWNER_CLASSES: readonly FaultClass[] = [
  {
    name: "owner-killed",
    what: "owner SIGKILL, restarted at once or later",
    bounds: { two: 0 },
    script: ({ start, victim, at, between }) => {
      at(start, "the owner is killed", () => victim().kill());
      at(start + between(10, 3_000), "it is started again", () => victim().start());
    },
  },
  {
    name: "owner-stopped",
    what: "owner SIGSTOP 50 ms to 6 s",
    script: ({ start, victim, at, between }) => {
      at(start, "the owner is stopped", () => victim().pause());
      at(start + between(50, between(0, 1) < 0.5 ? 700 : 6_000), "it goes on", () => victim().resume());
    },
  },
  {
    name: "owner-stopped-others-late",
    what: "… for good, while another one's heartbeats are late once or twice",
    bounds: { none: 2_500 },
    script: ({ cluster, start, victim, at, between, pick }) => {
      at(start, "the owner is stopped", () => victim().pause());
      for (let i = 0; i < 2; i++) {
        const late = start + between(-250, 600);
        const other = pick(cluster.speakers);
        at(late, `${other.name} is stopped for a moment`, () => other.pause());
        at(late + between(180, 280), "it goes on", () => {
          if (other !== victim()) other.resume();
        });
      }
      at(start + 6_000, "the owner goes on", () => victim().resume());
    },
  },
  { name: "owner-cut-off", what: "owner cut off, both networks back together", script: isolation(0, 0) },
  {
    name: "owner-cut-off-data-first",
    what: "… data network back up to 6 s before management",
    script: isolation(6_000, 0),
  },
  {
    name: "owner-cut-off-management-first",
    what: "… management back up to 4 s before data",
    script: isolation(0, 4_000),
  },
  {
    name: "management-cut",
    what: "owner: management cut both ways",
    script: ({ start, victim, at, between }) => {
      at(start, "the owner's management network is cut", () => cutManagement(victim(), true));
      at(start + between(100, 5_000), "it is back", () => cutManagement(victim(), false));
    },
  },
  {
    name: "management-one-way",
    what: "owner: management cut one way",
    script: ({ start, victim, at, between, pick }) => {
      const way = pick(["out", "in"] as const);
      at(start, `the owner's management network is cut, ${way}`, () => cutManagement(victim(), true, way));
      at(start + between(100, 5_000), "it is back", () => cutManagement(victim(), false));
    },
  },
  {
    name: "management-deaf-briefly",
    what: "owner does not hear the leader for a little more than D",
    still: true,
    bounds: { none: 0, two: 0 },
    managementMs: [1, 5],
    script: ({ start, victim, at, between }) => {
      at(start, "nothing reaches the owner on the management network", () => cutManagement(victim(), true, "in"));
      at(start + between(310, 400), "it hears again", () => cutManagement(victim(), false));
    },
  },
  {
    name: "replies-late",
    what: "owner hears the leader later and later, then its own heartbeats are lost",
    script: ({ cluster, start, victim, at, between }) => {
      const mostMs = between(600, 2_500);
      const delay = (ms: number) => {
        for (const { host } of cluster.controllers) cluster.management.delayBy(host, victim().host, ms);
      };
      // Slower than time passes: no two replies are so far apart that the stream looks dead.
      at(start, "what the owner hears comes later and later", () => {});
      for (let ms = 0; ms < mostMs; ms += 10) cluster.clock.after(start + 2 * ms, () => delay(ms));
      const lost = start + 2 * mostMs;
      at(lost, `${Math.round(mostMs)} ms late by now; its heartbeats are lost`, () =>
        cutManagement(victim(), true, "out"),
      );
      at(lost + between(1_000, 3_000), "the management network works again", () => {
        cutManagement(victim(), false);
        delay(0);
      });
    },
  },
  {
    name: "carrier-lost",
    what: "owner: carrier lost, separate management NIC",
    bounds: { two: 0 },
    script: carrierLoss(false),
  },
  { name: "carrier-lost-one-nic", what: "owner: carrier lost, one NIC for both", script: carrierLoss(true) },
  {
    name: "carrier-back-stp",
    what: "… and the switch port forwards only later",
    script: ({ start, victim, at, between }) => {
      const back = start + between(50, 4_000);
      at(start, "the owner's carrier is lost", () => {
        isolate(victim(), true);
        victim().setCarrier(false);
      });
      at(back, "its carrier is back, the switch listens", () => victim().setCarrier(true));
      at(back + between(100, 3_000), "the switch forwards", () => isolate(victim(), false));
    },
  },
  {
    name: "owner-reset",
    what: "owner: hard reset and reboot",
    bounds: { two: 0 },
    script: ({ cluster, start, victim, at, between }) => {
      at(start, "the owner's node is reset", () => {
        cluster.management.down.add(victim().host);
        victim().kill(false);
      });
      at(start + between(2_000, 5_000), "it boots", () => {
        cluster.management.down.delete(victim().host);
        victim().reboot();
        victim().start();
      });
    },
  },
  {
    name: "owner-frozen",
    what: "owner: virtual machine frozen with its clocks, 50 ms to 6 s",
    script: ({ start, victim, at, between }) => {
      at(start, "the owner's virtual machine is frozen", () => victim().freeze());
      at(start + between(50, between(0, 1) < 0.5 ? 700 : 6_000), "it goes on", () => victim().thaw());
    },
  },
  {
    name: "owner-hangs",
    what: "owner: main thread or worker hangs, again and again",
    script: ({ start, victim, at, between, pick }) => {
      let time = start;
      for (let i = 0; i < 4; i++) {
        const ms = between(50, pick([400, 2_000]));
        if (between(0, 1) < 0.5) {
          at(time, "the owner's main thread hangs", () => victim().hangMainThread());
          at(time + ms, "it goes on", () => victim().freeMainThread());
        } else {
          at(time, "the owner's worker hangs", () => victim().pause());
          at(time + ms, "it goes on", () => victim().resume());
        }
        time += ms + between(0, 500);
      }
    },
  },
  {
    name: "heir-mute",
    what: "owner killed, and one of the others can't send frames",
    groups: [1],
    script: ({ cluster, start, victim, at, between, pick }) => {
      const mute = pick(cluster.speakers);
      at(start, `${mute.name} can't send frames, unless it is the owner`, () => {
        mute.isMute = mute !== victim();
      });
      at(start + between(0, 500), "the owner is killed", () => victim().kill());
      at(start + 5_000, "all is well again", () => {
        mute.isMute = false;
        victim().start();
      });
    },
  },
];
