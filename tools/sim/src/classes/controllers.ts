import type { ControllerHost } from "../controller-host.ts";
import type { FaultClass, Scene } from "../scene.ts";
import { cutManagement, isolate } from "./isolate.ts";

const restart = ({ start, leader, at, between }: Scene) => {
  at(start, "the leader is killed", () => leader().kill());
  at(start + between(20, 2_500), "it is started again", () => leader().start());
};

const stop = ({ start, leader, at, between }: Scene) => {
  at(start, "the leader is stopped", () => leader().pause());
  at(start + between(50, 6_000), "it goes on", () => leader().resume());
};

const port = ({ cluster: { management }, start, leader, at, between }: Scene) => {
  at(start, "the leader's port goes down", () => management.cutOff(leader().host, true));
  at(start + between(100, 6_000), "its port is up", () => management.cutOff(leader().host, false));
};

const STILL = { still: true, bounds: { two: 0, none: 0 } } as const;
const ALONE = { file: true, controllers: 1 } as const;

/** A standby, if there are two. */
const standbyOf = ({ cluster, leader }: Scene): ControllerHost | undefined =>
  cluster.controllers.find((controller) => controller !== leader());

/** Cuts or mends what lies between a controller and these nodes, on the management network. */
function part(
  { cluster }: Scene,
  controller: ControllerHost | undefined,
  nodes: readonly string[],
  isCut: boolean,
): void {
  if (controller) for (const node of nodes) cluster.management.cuts.set(node, controller.host, isCut);
}

const portFlaps = ({ cluster: { management }, start, leader, at, between, pick }: Scene) => {
  let time = start;
  const count = pick([2, 3, 4]);
  for (let i = 0; i < count; i++) {
    const ms = between(300, 600);
    at(time, "the leader's port goes down", () => management.cutOff(leader().host, true));
    at(time + ms, "its port is up", () => management.cutOff(leader().host, false));
    time += ms + between(250, 500);
  }
};

/** The controllers, and what they decide by. */
export const CONTROLLER_CLASSES: readonly FaultClass[] = [
  { name: "lone-controller-restarted", what: "one controller: restart", ...STILL, ...ALONE, script: restart },
  { name: "lone-controller-stopped", what: "one controller: SIGSTOP up to 6 s", ...STILL, ...ALONE, script: stop },
  { name: "lone-controller-port", what: "one controller: own port down up to 6 s", ...STILL, ...ALONE, script: port },
  { name: "controller-restarted", what: "leader: restart", ...STILL, script: restart },
  { name: "controller-stopped", what: "leader: SIGSTOP up to 6 s", ...STILL, script: stop },
  { name: "controller-port", what: "leader: own port down up to 6 s", ...STILL, script: port },
  {
    name: "controller-port-flaps",
    what: "leader: own port down for 300 ms or longer, again and again",
    ...STILL,
    script: portFlaps,
  },
  { name: "one-node-controller-stopped", what: "one node: leader SIGSTOP up to 6 s", ...STILL, nodes: 1, script: stop },
  { name: "standby-by-lock", what: "two controllers on one folder: restart", ...STILL, file: true, script: restart },
  {
    name: "streams-reset",
    what: "all streams reset at once",
    ...STILL,
    script: ({ start, leader, at }) =>
      at(start, "all streams of the leader are reset", () =>
        [...leader().streams].forEach((stream) => void stream.reset()),
      ),
  },
  {
    name: "api-down",
    what: "API server down",
    ...STILL,
    script: ({ cluster: { api }, start, at, between }) => {
      at(start, "the API server is down", () => api.set(false));
      at(start + between(500, 6_000), "it is back", () => api.set(true));
    },
  },
  {
    name: "lease-deleted",
    what: "Lease object deleted, then owner killed",
    bounds: { two: 0 },
    script: ({ cluster: { api }, start, victim, at, between }) => {
      at(start, "the Lease is deleted", () => api.deleteLease());
      at(start + between(0, 4_000), "the owner is killed", () => victim().kill());
      at(start + 5_500, "it is started again", () => victim().start());
    },
  },
  {
    name: "lease-deleted-new-standby",
    what: "Lease deleted, leader dead, taken by a new process that hears no speaker at first; then owner killed",
    until: 18_000,
    script: (scene) => {
      const { cluster, start, victim, leader, at, between } = scene;
      at(start, "the leader is killed, the Lease deleted, the standby restarted and out of touch", () => {
        part(scene, standbyOf(scene), cluster.nodes, true);
        standbyOf(scene)?.kill();
        standbyOf(scene)?.start();
        leader().kill();
        cluster.api.deleteLease();
      });
      at(start + between(3_600, 4_500), "the standby hears the speakers", () =>
        part(scene, standbyOf(scene), cluster.nodes, false),
      );
      at(start + 6_000, "the owner is killed", () => victim().kill());
      at(start + 8_000, "all is started again", () => {
        victim().start();
        leader().start();
      });
    },
  },
  {
    name: "lease-deleted-split",
    what: "Lease deleted, the owner's node installed anew hears only the standby, the others only the leader",
    until: 18_000,
    script: (scene) => {
      const { cluster, start, victim, leader, at, between } = scene;
      const cut = (isCut: boolean) => {
        const { node } = victim();
        const others = cluster.nodes.filter((other) => other !== node);
        part(scene, standbyOf(scene), others, isCut);
        part(scene, leader(), [node, "api"], isCut);
      };
      at(start, "the management network is split, the Lease deleted, the owner's node installed anew", () => {
        cut(true);
        cluster.api.deleteLease();
        victim().kill();
        victim().folder.wipe();
        victim().start();
      });
      at(start + between(4_000, 6_000), "the management network is whole", () => cut(false));
    },
  },
  {
    name: "api-down-owner-lost",
    what: "API server down, then owner killed, stopped or cut",
    script: ({ cluster: { api }, start, victim, at, between, pick }) => {
      const lost = start + between(100, 3_500);
      const way = pick(["killed", "stopped", "cut off", "cut off from management"]);
      at(start, "the API server is down", () => api.set(false));
      at(lost, `the owner is ${way}`, () => {
        if (way === "killed") victim().kill();
        else if (way === "stopped") victim().pause();
        else if (way === "cut off") isolate(victim(), true);
        else cutManagement(victim(), true);
      });
      at(lost + between(1_000, 3_000), "the API server is back", () => api.set(true));
      at(lost + 3_500, "the owner is well again", () => {
        isolate(victim(), false);
        victim().resume();
        victim().start();
      });
    },
  },
  {
    name: "leader-node-dies",
    what: "leader's node and owner die together",
    bounds: { two: 0 },
    onNodes: true,
    script: ({ cluster, start, leader, at }) =>
      at(start, "the leader's node dies", () => {
        cluster.management.down.add(leader().host);
        leader().kill(false);
        cluster.speakers[leader().index]?.kill(false);
      }),
  },
  {
    name: "management-split",
    what: "management network split in two, a controller on each side",
    script: ({ cluster, start, victim, leader, at, between }) => {
      const { management } = cluster;
      const beside = cluster.nodes.filter(() => between(0, 1) < 0.5);
      const cut = (isCut: boolean) => {
        const side = new Set([leader().host, ...beside]);
        for (const a of management.hosts)
          for (const b of management.hosts) if (side.has(a) && !side.has(b)) management.cuts.set(a, b, isCut);
      };
      at(start, `the management network is split: the leader with ${beside.join(", ") || "nobody"}`, () => cut(true));
      if (between(0, 1) < 0.5) at(start + between(300, 6_000), "the owner is killed", () => victim().kill());
      at(start + between(3_000, 7_000), "the management network is whole", () => cut(false));
      at(start + 7_001, "the owner runs", () => victim().start());
    },
  },
  {
    name: "leader-stopped-owner-killed",
    what: "leader stopped up to 6 s, and owner killed",
    bounds: { two: 0 },
    script: ({ start, victim, leader, at, between }) => {
      at(start, "the leader is stopped", () => leader().pause());
      at(start + between(0, 4_000), "the owner is killed", () => victim().kill());
      at(start + between(100, 6_000), "the leader goes on", () => leader().resume());
      at(start + 6_500, "the owner is started again", () => victim().start());
    },
  },
  {
    name: "management-loss",
    what: "management loss 1, 3 or 10 %",
    script: ({ cluster: { management }, start, at, pick }) => {
      const loss = pick([0.01, 0.03, 0.1]);
      at(start, `${loss * 100} % of the management segments are lost`, () => management.lose(loss));
      at(start + 6_000, "no more", () => management.lose(0));
    },
  },
];
