import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Capture, type Host, pass, STREAM_PORT, until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import type { Site } from "./site.ts";

/** The worst that the protocol's model came to, in milliseconds, with delays as in a LAN (up to 1 ms). */
export interface ModelFigures {
  readonly twoMs: number;
  /** Absent where the model looks at something else: an owner that is cut off answers, though nobody hears it. */
  readonly nobodyMs?: number;
}

/** One fault, under way. */
export interface Ground {
  readonly site: Site;
  readonly address: Ip;
  readonly owner: Host;
  /** Nodes other than the owner. */
  readonly others: readonly Host[];
  readonly capture: Capture;
  readonly began: number;
  /** Counts the runs of this fault, so that variants take turns. */
  readonly run: number;
}

/** A fault, from its beginning to the end of what heals by itself. */
export interface OwnershipFault {
  readonly name: string;
  /** Absent: the model says nothing about it. */
  readonly model?: ModelFigures;
  /** Whether the address goes to another node; absent: it may. */
  readonly moves?: boolean;
  /** Needs a second controller on the same folder. */
  readonly standby?: boolean;
  strike(ground: Ground): Promise<void>;
}

const AWAY_MS = [50, 500, 2000] as const;
const CUT_MS = 1000;

const ownerFaults: readonly OwnershipFault[] = [
  {
    name: "owner killed",
    model: { twoMs: 0, nobodyMs: 46 },
    moves: true,
    async strike(ground) {
      ground.site.herald.speaker(ground.owner).kill("SIGKILL");
      await taken(ground);
    },
  },
  {
    name: "owner stopped for 50 ms, 500 ms or 2 s",
    model: { twoMs: 4, nobodyMs: 323 },
    async strike({ site, owner, run }) {
      const speaker = site.herald.speaker(owner);
      speaker.kill("SIGSTOP");
      await pass(AWAY_MS[run % AWAY_MS.length] ?? 0);
      speaker.kill("SIGCONT");
    },
  },
  {
    name: "owner cut off, both networks back together",
    model: { twoMs: 175 },
    moves: true,
    strike: (ground) => cutBoth(ground, []),
  },
  {
    name: "… data network back first",
    model: { twoMs: 199 },
    moves: true,
    strike: (ground) => cutBoth(ground, ["mgmt"]),
  },
  {
    name: "… management network back first",
    model: { twoMs: 0 },
    moves: true,
    strike: (ground) => cutBoth(ground, ["lan"]),
  },
  {
    name: "owner's management network cut, both ways or one way",
    model: { twoMs: 101, nobodyMs: 1 },
    moves: true,
    async strike(ground) {
      const { site, owner, run } = ground;
      const how = (["both", "out", "in"] as const)[run % 3] ?? "both";
      await site.lab.setFaults([site.lab.cutOff("mgmt", [owner], how)]);
      await taken(ground);
      await pass(CUT_MS);
      await site.lab.setFaults([]);
    },
  },
  {
    name: "owner's carrier lost, management apart",
    model: { twoMs: 0, nobodyMs: 116 },
    moves: true,
    strike: (ground) => pullPlug(ground),
  },
  {
    name: "owner reset and rebooted",
    model: { twoMs: 0, nobodyMs: 321 },
    moves: true,
    async strike(ground) {
      const { site, owner } = ground;
      const { lab, herald } = site;
      await lab.setFaults([lab.cutOff("mgmt", [owner]), lab.cutOff("lan", [owner])]);
      herald.speaker(owner).kill("SIGKILL");
      await herald.speaker(owner).exited;
      await taken(ground);
      await lab.setFaults([]);
      const bootId = join(lab.folder, "boot-id");
      writeFileSync(bootId, `${crypto.randomUUID()}\n`);
      herald.startSpeaker(owner, { mounts: [["--bind", bootId, "/proc/sys/kernel/random/boot_id"]] });
    },
  },
  {
    name: "planned stop of the owner",
    model: { twoMs: 34, nobodyMs: 0 },
    moves: true,
    async strike({ site, owner }) {
      await site.herald.speaker(owner).stop();
    },
  },
  {
    name: "planned stop, the old or the new node or the controller killed in it",
    model: { twoMs: 34, nobodyMs: 45 },
    async strike(ground) {
      const { site, owner, run } = ground;
      const { herald } = site;
      herald.speaker(owner).kill("SIGTERM");
      const next = await taken(ground);
      const victims = [herald.speaker(owner), herald.speaker(next), herald.controller()];
      victims[run % victims.length]?.kill("SIGKILL");
      await herald.speaker(owner).exited;
      if (herald.controller().exit) await herald.startController();
    },
  },
];

const controllerFaults: readonly OwnershipFault[] = [
  {
    name: "controller stopped for 2 s, cut off for 2 s, killed and restarted, or all its streams reset",
    model: { twoMs: 0, nobodyMs: 0 },
    moves: false,
    async strike({ site, run }) {
      const { lab, herald } = site;
      const [host] = lab.controllers;
      if (!host) throw new RangeError("a lab without controllers");
      const faults = [
        async () => {
          herald.controller().kill("SIGSTOP");
          await pass(2000);
          herald.controller().kill("SIGCONT");
        },
        async () => {
          await lab.setPort(host, "mgmt", "down");
          await pass(2000);
          await lab.setPort(host, "mgmt", "up");
        },
        async () => {
          herald.controller().kill("SIGKILL");
          await herald.controller().exited;
          await herald.startController();
        },
        async () => void (await host.exec(["ss", "-HKtn", "state", "established", "sport", "=", `:${STREAM_PORT}`])),
      ];
      await faults[run % faults.length]?.();
    },
  },
  {
    name: "controller and all speakers killed, speakers restarted",
    model: { twoMs: 0 },
    moves: false,
    async strike({ site }) {
      const { lab, herald } = site;
      const all = [herald.controller(), ...lab.nodes.map((node) => herald.speaker(node))];
      for (const each of all) each.kill("SIGKILL");
      await Promise.all(all.map(({ exited }) => exited));
      for (const node of lab.nodes) herald.startSpeaker(node);
    },
  },
];

const pairFaults: readonly OwnershipFault[] = [
  {
    name: "leading controller and owner killed together",
    model: { twoMs: 0, nobodyMs: 4000 },
    moves: true,
    standby: true,
    async strike(ground) {
      const { site, owner } = ground;
      const { leader } = await roles(site);
      site.herald.controller(leader).kill("SIGKILL");
      site.herald.speaker(owner).kill("SIGKILL");
      await taken(ground);
    },
  },
  {
    name: "management network split, a controller on each side",
    model: { twoMs: 301, nobodyMs: 46 },
    moves: true,
    standby: true,
    async strike(ground) {
      const { site, owner, others } = ground;
      const { standby } = await roles(site);
      await site.lab.setFaults([site.lab.cutOff("mgmt", [standby, owner, ...others.slice(0, 1)])]);
      await taken(ground);
      await pass(CUT_MS);
      await site.lab.setFaults([]);
    },
  },
];

/** Every fault on nodes whose management has an interface of its own. */
export const FAULTS: readonly OwnershipFault[] = [...ownerFaults, ...controllerFaults, ...pairFaults];

/** Faults of nodes that have one interface for everything. */
export const ONE_INTERFACE_FAULTS: readonly OwnershipFault[] = [
  {
    name: "owner's carrier lost, one interface for everything",
    model: { twoMs: 0, nobodyMs: 319 },
    moves: true,
    strike: (ground) => pullPlug(ground),
  },
];

/** Waits for the first claim by another node, and returns that node. */
async function taken({ site, address, owner, capture, began }: Ground): Promise<Host> {
  const fits = ({ mac }: { readonly mac: string }) => mac !== owner.mac;
  const claim = await capture.claimed(address, began, { fits, everyMs: 2, timeoutMs: 20_000 });
  return site.lab.host(site.lab.hostOf(claim.mac));
}

async function cutBoth(ground: Ground, stillCut: readonly ("lan" | "mgmt")[]): Promise<void> {
  const { lab } = ground.site;
  const cut = (network: "lan" | "mgmt") => lab.cutOff(network, [ground.owner]);
  await lab.setFaults([cut("mgmt"), cut("lan")]);
  await taken(ground);
  await pass(CUT_MS);
  if (stillCut.length > 0) {
    await lab.setFaults(stillCut.map(cut));
    await pass(CUT_MS);
  }
  await lab.setFaults([]);
}

async function pullPlug(ground: Ground): Promise<void> {
  await ground.site.lab.setPort(ground.owner, "lan", "down");
  await taken(ground);
  await pass(CUT_MS);
  await ground.site.lab.setPort(ground.owner, "lan", "up");
}

async function roles({ lab, herald }: Site): Promise<{ readonly leader: Host; readonly standby: Host }> {
  return await until("one controller led and one stood by", async () => {
    const [one, two] = herald.controllerHosts;
    if (!one || !two) throw new RangeError(`lab ${lab.name} has no two controllers`);
    for (const [leader, standby] of [
      [one, two],
      [two, one],
    ] as const) {
      if (/^herald_leader_bool 1$/m.test(await herald.metrics(leader))) return { leader, standby };
    }
    return undefined;
  });
}
