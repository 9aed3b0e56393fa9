import type { Network } from "./network.ts";
import type { Fault, Scene } from "./scene.ts";
import type { SpeakerHost } from "./speaker-host.ts";

const isolate = (network: Network, victim: SpeakerHost, isCut: boolean) => {
  network.cutManagement(victim.host, isCut);
  network.cutData(victim, isCut);
};

const isolation =
  (managementMs: number, dataMs: number) =>
  ({ network, start, victim, at, between }: Scene) => {
    const back = start + between(100, 4_000);
    at(start, "cut both", () => isolate(network, victim(), true));
    at(back + managementMs * between(0, 1), "management back", () => network.cutManagement(victim().host, false));
    at(back + dataMs * between(0, 1), "data back", () => network.cutData(victim(), false));
  };

const controllerRestart = ({ start, leader, at, between }: Scene) => {
  at(start, "controller killed", () => leader().kill());
  at(start + between(20, 2_500), "controller started", () => leader().start());
};

const controllerStop = ({ start, leader, at, between }: Scene) => {
  at(start, "controller stopped", () => leader().pause());
  at(start + between(50, 6_000), "controller continued", () => leader().resume());
};

const controllerPort = ({ network, start, leader, at, between }: Scene) => {
  at(start, "controller's port down", () => network.cutManagement(leader().host, true));
  at(start + between(100, 6_000), "controller's port up", () => network.cutManagement(leader().host, false));
};

const carrierLoss =
  (isShared: boolean) =>
  ({ network, start, victim, at, between }: Scene) => {
    const set = (isUp: boolean) => {
      if (isShared) network.cutManagement(victim().host, !isUp);
      victim().setCarrier(isUp);
    };
    at(start, "carrier lost", () => set(false));
    at(start + between(50, 4_000), "carrier back", () => set(true));
  };

const allDie = ({ network, start, victim, at, between }: Scene) => {
  at(start, "owner killed", () => victim().kill());
  at(start + 700, "controllers die", () => network.controllers.forEach((controller) => void controller.kill()));
  for (const speaker of network.speakers) {
    at(start + 1_200, "speaker killed", () => speaker.kill());
    at(start + 1_250 + between(0, 60), "speaker started", () => speaker.start());
  }
  at(start + 1_200 + between(300, 3_500), "controllers", () => network.controllers.forEach((c) => void c.start()));
};

/** All classes of faults. */
export const FAULTS: readonly Fault[] = [
  { name: "start of all", until: 9_000, script: () => {} },
  {
    name: "owner killed",
    script: ({ start, victim, at, between }) => {
      at(start, "kill", () => victim().kill());
      at(start + between(10, 3_000), "restart", () => victim().start());
    },
  },
  {
    name: "owner stopped",
    script: ({ start, victim, at, between }) => {
      at(start, "stop", () => victim().pause());
      at(start + between(50, between(0, 1) < 0.5 ? 700 : 6_000), "continue", () => victim().resume());
    },
  },
  { name: "owner cut off, back together", script: isolation(0, 0) },
  { name: "owner cut off, data first", script: isolation(6_000, 0) },
  { name: "owner cut off, management first", script: isolation(0, 4_000) },
  {
    name: "management cut",
    script: ({ network, start, victim, at, between }) => {
      at(start, "cut", () => network.cutManagement(victim().host, true));
      at(start + between(100, 5_000), "back", () => network.cutManagement(victim().host, false));
    },
  },
  {
    name: "management cut one way",
    script: ({ network, start, victim, at, between }) => {
      const way = between(0, 1) < 0.5 ? "out" : "in";
      at(start, `cut ${way}`, () => network.cutManagement(victim().host, true, way));
      at(start + between(100, 5_000), "back", () => network.cutManagement(victim().host, false));
    },
  },
  { name: "lone controller restarted", still: true, file: true, script: controllerRestart },
  { name: "lone controller stopped", still: true, file: true, script: controllerStop },
  { name: "lone controller's port", still: true, file: true, script: controllerPort },
  { name: "controller restarted", still: true, script: controllerRestart },
  { name: "controller stopped", still: true, script: controllerStop },
  { name: "controller's port", still: true, script: controllerPort },
  {
    name: "API down",
    still: true,
    script: ({ network, start, at, between }) => {
      at(start, "API down", () => network.setApi(false));
      at(start + between(500, 6_000), "API up", () => network.setApi(true));
    },
  },
  {
    name: "Lease deleted, owner killed",
    script: ({ network, start, victim, at, between }) => {
      const { lease } = network;
      const deletion = { holder: undefined, transitions: 0 };
      at(start, "Lease deleted", () => void Object.assign(lease, deletion, { version: lease.version + 1 }));
      at(start + between(0, 4_000), "kill", () => victim().kill());
      at(start + 5_500, "start", () => victim().start());
    },
  },
  {
    name: "API down, owner lost",
    script: ({ network, start, victim, at, between }) => {
      const lost = start + between(100, 3_500);
      const way = Math.floor(between(0, 4));
      at(start, "API down", () => network.setApi(false));
      at(lost, `owner lost ${way}`, () => {
        if (way === 0) victim().kill();
        else if (way === 1) victim().pause();
        else if (way === 2) isolate(network, victim(), true);
        else network.cutManagement(victim().host, true);
      });
      at(lost + between(1_000, 3_000), "API up", () => network.setApi(true));
      at(lost + 3_500, "heal", () => {
        isolate(network, victim(), false);
        victim().resume();
        victim().start();
      });
    },
  },
  {
    name: "leader's node dies",
    onNodes: true,
    script: ({ network, start, leader, at }) =>
      at(start, "node dies", () => {
        network.downHosts.add(leader().host);
        leader().kill(false);
        network.speakers[leader().index]?.kill(false);
      }),
  },
  {
    name: "management split in two",
    script: ({ network, start, victim, leader, at, between }) => {
      const beside = network.speakers.filter(() => between(0, 1) < 0.5).map(({ host }) => host);
      const cut = (isCut: boolean) => {
        const side = new Set([leader().host, ...beside]);
        for (const a of network.hosts)
          for (const b of network.hosts) if (side.has(a) && !side.has(b)) network.cutLink(a, b, isCut);
      };
      at(start, `split ${beside.join()}`, () => cut(true));
      if (between(0, 1) < 0.5) at(start + between(300, 6_000), "kill", () => victim().kill());
      at(start + between(3_000, 7_000), "heal", () => cut(false));
      at(start + 7_001, "start", () => victim().start());
    },
  },
  {
    name: "leader stopped, owner killed",
    script: ({ start, victim, leader, at, between }) => {
      at(start, "controller stopped", () => leader().pause());
      at(start + between(0, 4_000), "kill", () => victim().kill());
      at(start + between(100, 6_000), "controller continued", () => leader().resume());
      at(start + 6_500, "start", () => victim().start());
    },
  },
  { name: "carrier lost", script: carrierLoss(false) },
  { name: "carrier lost, one NIC", script: carrierLoss(true) },
  {
    name: "owner's node reset",
    script: ({ network, start, victim, at, between }) => {
      at(start, "reset", () => {
        network.downHosts.add(victim().host);
        victim().kill(false);
      });
      at(start + between(2_000, 5_000), "boot", () => {
        network.downHosts.delete(victim().host);
        victim().reboot();
        victim().start();
      });
    },
  },
  {
    name: "hand-over",
    script: ({ network, start, victim, leader, at, between }) => {
      for (const id of network.groupIds) at(start + between(0, 50), `hand over ${id}`, () => leader().handOver(id));
      const kind = between(0, 1);
      const fault = start + between(0, 300);
      const other = network.random.pick(network.speakers);
      const killed = kind < 0.3 ? leader : kind < 0.5 ? victim : kind < 0.7 ? () => other : undefined;
      if (!killed) return;
      at(fault, "kill", () => killed().kill());
      at(start + 3_000, "start", () => killed().start());
    },
  },
  {
    name: "management loss",
    script: ({ network, start, at }) => {
      const loss = network.random.pick([0.01, 0.03, 0.1]);
      at(start, `loss ${loss}`, () => network.setLoss(loss));
      at(start + 6_000, "no loss", () => network.setLoss(0));
    },
  },
  { name: "controllers dead, all speakers restart", script: allDie },
  { name: "lone controller dead, all speakers restart", file: true, script: allDie },
  {
    name: "start of all without a controller",
    still: true,
    script: ({ network, at, between }) => {
      at(5_600, "all die", () =>
        [...network.speakers, ...network.controllers].forEach((process) => void process.kill()),
      );
      for (const speaker of network.speakers) at(6_000 + between(0, 30), "start", () => speaker.start());
      at(7_000 + between(0, 2_000), "controllers", () => network.controllers.forEach((c) => void c.start()));
    },
  },
  {
    name: "data one way",
    script: ({ network, start, victim, at, between }) => {
      const back = between(0, 1) < 0.5 ? "out" : "in";
      at(start, "cut both", () => isolate(network, victim(), true));
      at(start + 1_500, `data back ${back}`, () => network.cutData(victim(), false, back));
      at(start + 4_000, "heal", () => isolate(network, victim(), false));
    },
  },
  {
    name: "all streams reset",
    still: true,
    script: ({ start, leader, at }) =>
      at(start, "reset", () => [...leader().streams].forEach((stream) => void stream.reset())),
  },
  {
    name: "owner cut off, controllers die",
    script: ({ network, start, victim, at, between }) => {
      at(start, "cut both", () => isolate(network, victim(), true));
      at(start + 1_500, "controllers die", () => network.controllers.forEach((c) => void c.kill()));
      at(start + between(2_000, 4_000), "heal", () => isolate(network, victim(), false));
      at(start + 6_500, "controllers", () => network.controllers.forEach((c) => void c.start()));
    },
  },
  { name: "anything", until: 22_000, script: anything },
];

function anything({ network, start, at, between }: Scene): void {
  const { random } = network;
  network.dataLoss = random.pick([0, 0, 0.02]);
  const count = 2 + random.below(4);
  for (let i = 0; i < count; i++) {
    const time = start + between(0, 6_000);
    const ms = random.pick([300, 1_500, 4_000]) * between(0, 1);
    const speaker = random.pick(network.speakers);
    const controller = random.pick(network.controllers);
    const [what, begin, end] = random.pick<readonly [string, () => void, () => void]>([
      [`${speaker.name} killed`, () => speaker.kill(), () => speaker.start()],
      [`${speaker.name} stopped`, () => speaker.pause(), () => speaker.resume()],
      [`${controller.name} killed`, () => controller.kill(), () => controller.start()],
      [`${controller.name} stopped`, () => controller.pause(), () => controller.resume()],
      [
        `${speaker.name} management`,
        () => network.cutManagement(speaker.host, true),
        () => network.cutManagement(speaker.host, false),
      ],
      [
        `${speaker.name} isolated`,
        () => isolate(network, speaker, true),
        () => network.cutManagement(speaker.host, false),
      ],
      [
        `${controller.name} port`,
        () => network.cutManagement(controller.host, true),
        () => network.cutManagement(controller.host, false),
      ],
      ["API", () => network.setApi(false), () => network.setApi(true)],
      ["hand-over", () => network.groupIds.forEach((id) => void controller.handOver(id)), () => {}],
      [
        `${speaker.name} deaf`,
        () => network.cutManagement(speaker.host, true, "out"),
        () => network.cutManagement(speaker.host, false),
      ],
      [`${speaker.name} data`, () => network.cutData(speaker, true), () => network.cutData(speaker, false)],
    ]);
    at(time, what, begin);
    at(time + ms, `${what} ends`, end);
  }
  at(start + 10_500, "heal all", () => {
    network.heal();
    network.isApiUp = true;
    for (const process of [...network.speakers, ...network.controllers]) {
      process.resume();
      process.start();
    }
  });
}
