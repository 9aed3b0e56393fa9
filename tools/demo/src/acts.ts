import { type Host, pass } from "@heraldlb/lab";
import type { Act } from "./act.ts";
import type { Scene } from "./scene.ts";

const CUT_MS = 1000;

/** The demo's acts, in order. Each begins where the one before ended. */
export function actsOf({ lab, herald }: Scene): Act[] {
  let gone: Host | undefined;
  const returning = (): Host => {
    if (!gone) throw new Error("nobody has gone yet");
    return gone;
  };
  return [
    {
      title: (owner) => `${owner}'s speaker killed (SIGKILL)`,
      moves: true,
      most: { outageMs: 500, takeoverMs: 500, doubleMs: 0 },
      async perform(owner) {
        gone = owner;
        herald.speaker(owner).kill("SIGKILL");
        await herald.speaker(owner).exited;
      },
    },
    {
      title: () => `${returning().name}'s speaker back`,
      moves: false,
      most: { lost: 0, doubleMs: 0 },
      async perform() {
        await herald.ready(returning(), herald.startSpeaker(returning()));
      },
    },
    {
      title: (owner) => `${owner} silent (both cables pulled)`,
      moves: true,
      most: { outageMs: 2500, takeoverMs: 2500, doubleMs: 0 },
      async perform(owner) {
        gone = owner;
        // The management network first: through it the speaker would tell of the other one.
        await lab.setPort(owner, "mgmt", "down");
        await lab.setPort(owner, "lan", "down");
      },
    },
    {
      title: () => `${returning().name}'s cables back`,
      moves: false,
      most: { lost: 0, doubleMs: 0 },
      async perform() {
        await lab.setPort(returning(), "lan", "up");
        await lab.setPort(returning(), "mgmt", "up");
      },
    },
    {
      title: (owner) => `${owner} cut off, network back (carrier kept)`,
      moves: true,
      pictured: true,
      most: { outageMs: 2500, takeoverMs: 2500, doubleMs: 500 },
      async perform(owner) {
        await lab.setFaults([lab.cutOff("mgmt", [owner]), lab.cutOff("lan", [owner])]);
        await pass(CUT_MS);
        await lab.setFaults([]);
      },
    },
    {
      title: (owner) => `${owner}'s speaker stopped (SIGTERM)`,
      moves: true,
      most: { lost: 2, takeoverMs: 2000, doubleMs: 500 },
      async perform(owner) {
        gone = owner;
        await herald.speaker(owner).stop();
      },
    },
    {
      title: () => "controller restarted",
      moves: false,
      most: { lost: 0, doubleMs: 0 },
      async perform() {
        await herald.controller().stop();
        await herald.startController();
      },
    },
  ];
}
