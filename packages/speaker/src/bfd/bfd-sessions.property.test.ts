import { decodeControl, encodeControl } from "@heraldlb/bfd";
import { LinkError } from "@heraldlb/link";
import type { Ip } from "@heraldlb/net";
import { silentLogger } from "@heraldlb/runtime";
import { FakeClock } from "@heraldlb/runtime/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BfdSessions } from "./bfd-sessions.ts";
import type { DesiredSession } from "./desired-session.ts";
import { FakeNetwork } from "./fake-network.test.fixture.ts";

const near: DesiredSession = {
  local: "192.0.2.1" as Ip,
  remote: "192.0.2.2" as Ip,
  interface: "eth0",
  isMultihop: false,
  profile: {
    receiveIntervalMs: 100,
    transmitIntervalMs: 100,
    detectMultiplier: 3,
    echoIntervalMs: 50,
    isPassive: false,
    minimumTtl: 254,
  },
};

const u32 = fc.nat(0xffff_ffff);

/** What an enemy on the link who sees our discriminator can say, and when. */
const hostile = fc.record({
  afterMs: fc.nat(400),
  noise: fc.uint8Array({ maxLength: 40 }),
  isNoise: fc.boolean(),
  state: fc.constantFrom("adminDown", "down", "init", "up"),
  isPoll: fc.boolean(),
  isFinal: fc.boolean(),
  isDemand: fc.boolean(),
  multiplier: fc.nat(255),
  myDiscriminator: u32,
  knowsUs: fc.boolean(),
  intervals: fc.array(fc.oneof(u32, fc.constantFrom(0, 1)), { minLength: 3, maxLength: 3 }),
});

test("nothing that arrives makes it throw, or send more than it was sent and its own pace allows", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(hostile, { maxLength: 30 }), async (said) => {
      const clock = new FakeClock();
      const network = new FakeNetwork();
      const sessions = new BfdSessions({
        clock,
        log: silentLogger,
        network,
        openFrames: () => Promise.reject(new LinkError("gone", "no frames here", { errno: "ENODEV" })),
        random: () => 0.5,
        onReport: () => {},
      });
      sessions.apply([near]);
      const sent = () => network.senders.flatMap((sender) => sender.sent);
      const ours = decodeControl(sent()[0] as Uint8Array).myDiscriminator;
      for (const { afterMs, noise, isNoise, knowsUs, intervals, ...fields } of said) {
        await clock.advance(afterMs);
        const [desiredMinTxUs = 0, requiredMinRxUs = 0, requiredMinEchoRxUs = 0] = intervals;
        const packet = encodeControl({
          ...fields,
          desiredMinTxUs,
          requiredMinRxUs,
          requiredMinEchoRxUs,
          diagnostic: 0,
          isControlPlaneIndependent: false,
          isMultipoint: false,
          yourDiscriminator: knowsUs ? ours : 0,
        });
        const datagram = isNoise ? noise : packet;
        network.on(3784).deliver(datagram, { source: near.remote, port: 50_000 });
        network.on(3785).deliver(datagram, { source: near.remote, port: 3785 });
      }
      // Two for each packet received: an answer to its poll, and news. Of its own accord none faster than 75 ms.
      expect(sent().length).toBeLessThanOrEqual(1 + 2 * said.length + clock.now() / 75 + said.length);
      await sessions.close();
      expect(clock.pending).toBeLessThanOrEqual(1);
    }),
    { numRuns: 100 },
  );
});
