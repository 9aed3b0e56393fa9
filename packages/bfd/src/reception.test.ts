import { expect, test } from "vitest";
import type { BfdControl } from "./control.ts";
import { PACKET } from "./packet.test.fixture.ts";
import { receptionProblem } from "./reception.ts";

test.each<[string, Partial<BfdControl>, string | undefined]>([
  ["a first packet", {}, undefined],
  ["a first packet of a session that is held down", { state: "adminDown" }, undefined],
  ["a packet to a session", { state: "up", yourDiscriminator: 7 }, undefined],
  ["a multiplier of 0", { multiplier: 0 }, "multiplierZero"],
  ["the multipoint bit", { isMultipoint: true }, "multipoint"],
  ["no discriminator of the sender's", { myDiscriminator: 0 }, "myDiscriminatorZero"],
  ["state init to nobody", { state: "init" }, "yourDiscriminatorZero"],
  ["state up to nobody", { state: "up" }, "yourDiscriminatorZero"],
  [
    "authentication",
    { authentication: { type: "simplePassword", keyId: 0, password: Uint8Array.of(1) } },
    "authenticated",
  ],
])("%s: %o is judged %s", (_name, fields, problem) => {
  expect(receptionProblem({ ...PACKET, ...fields })).toBe(problem);
});
