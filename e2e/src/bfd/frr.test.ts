import { spawn } from "node:child_process";
import { once } from "node:events";
import { monotonicMs, pass, until } from "@heraldlb/lab";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { BEYOND, createScene, FAR, knows, NEAR, PROFILE, type Scene, session, WIRE } from "./scene.fixture.ts";

let scene: Scene | undefined;

afterEach(async () => {
  await scene?.[Symbol.asyncDispose]();
  scene = undefined;
});

const INTERVALS = ["receive-interval 100", "transmit-interval 100", "detect-multiplier 3"];
const isUp = ({ state }: { readonly state: string }) => state === "up";
const isDown = ({ state }: { readonly state: string }) => state === "down";

/** The lines of a bfdd configuration for a peer. */
const peer = (address: string, lines: readonly string[] = INTERVALS, more = "") => [
  `peer ${address}${more}`,
  ...lines,
  "no shutdown",
  "exit",
];

describe("over one hop", () => {
  test.each([
    ["ipv4", ""],
    ["ipv6", ""],
    ["linkLocal", ` local-address ${NEAR.linkLocal.replace("1", "2")} interface ${WIRE}`],
  ] as const)("%s: a session comes up; each side notices that the other is gone", async (family, more) => {
    scene = await createScene();
    const frr = await scene.frr(peer(NEAR[family], INTERVALS, more));
    const herald = await scene.herald();
    herald.apply([session(family)]);
    await herald.reported("up", isUp);
    const up = await frr.peerIs(NEAR[family], "up");
    await until("FRR knew our intervals", async () => knows(await frr.peerIs(up.peer, "up"), PROFILE));

    const stoppedAt = monotonicMs();
    frr.kill("SIGSTOP");
    const down = await herald.reported("down", isDown, { since: stoppedAt });
    expect(down.diagnostic).toBe("controlDetectionTimeExpired");
    frr.kill("SIGCONT");
    await herald.reported("up again", isUp, { since: down.at });
    await frr.peerIs(NEAR[family], "up");

    herald.kill("SIGKILL");
    const { diagnostic } = await frr.peerIs(NEAR[family], "down", 2_000);
    expect(diagnostic).toBe("control detection time expired");
  });

  test("a path that works one way only is down on both sides", async () => {
    scene = await createScene();
    const frr = await scene.frr(peer(NEAR.ipv4));
    const herald = await scene.herald();
    herald.apply([session()]);
    await herald.reported("up", isUp);
    await scene.cut("toHerald");
    await herald.reported("down", isDown);
    await until("FRR was told why", async () => {
      const [{ status, "remote-diagnostic": reason } = { status: "", "remote-diagnostic": "" }] = await frr.peers();
      return status !== "up" && reason === "control detection time expired";
    });
    await scene.cut("none");
    await frr.peerIs(NEAR.ipv4, "up");
  });

  test("a change of profile is negotiated, and drops nothing, on either side", async () => {
    scene = await createScene();
    const frr = await scene.frr(peer(NEAR.ipv4));
    const herald = await scene.herald();
    herald.apply([session()]);
    const up = await herald.reported("up", isUp);
    for (const ms of [50, 1_000, 300]) {
      const profile = { ...PROFILE, receiveIntervalMs: ms, transmitIntervalMs: ms, detectMultiplier: 4 };
      herald.apply([session("ipv4", profile)]);
      await until(`FRR knew of ${ms} ms`, async () => knows(await frr.peerIs(NEAR.ipv4, "up"), profile));
    }
    for (const ms of [50, 700]) {
      await frr.configure([`peer ${NEAR.ipv4}`, `receive-interval ${ms}`, `transmit-interval ${ms}`]);
      await pass(1_000);
    }
    expect(herald.reports.filter((report) => isDown(report) && report.at > up.at)).toEqual([]);
    expect((await frr.counters(NEAR.ipv4))["session-down"]).toBe(0);
  });

  test("a session that is not wanted any more says AdminDown, and so does the end of the process", async () => {
    scene = await createScene();
    const frr = await scene.frr(peer(NEAR.ipv4));
    const herald = await scene.herald();
    for (const end of [() => herald.apply([]), () => herald.close()]) {
      herald.apply([session()]);
      await frr.peerIs(NEAR.ipv4, "up");
      await end();
      const down = await frr.peerIs(NEAR.ipv4, "down", 1_000);
      expect([down.diagnostic, down["remote-diagnostic"]]).toEqual([
        "neighbor signaled session down",
        "administratively down",
      ]);
    }
  });

  test("a router that is held down is told apart from one that failed", async () => {
    scene = await createScene();
    const frr = await scene.frr(peer(NEAR.ipv4));
    const herald = await scene.herald();
    herald.apply([session()]);
    await herald.reported("up", isUp);
    await frr.configure([`peer ${NEAR.ipv4}`, "shutdown"]);
    const down = await herald.reported("down", isDown);
    expect(down).toMatchObject({ remoteState: "adminDown", diagnostic: "neighborSignaledSessionDown" });
    await frr.configure([`peer ${NEAR.ipv4}`, "no shutdown"]);
    await herald.reported("up again", isUp, { since: down.at });
  });

  test("a passive session waits for the router", async () => {
    scene = await createScene();
    const frr = await scene.frr(peer(NEAR.ipv4, ["passive-mode"]));
    const herald = await scene.herald();
    herald.apply([session("ipv4", { isPassive: true })]);
    await pass(2_500);
    expect((await herald.statistics())[0]?.controlPacketsSent).toBe(0);
    await frr.configure([`peer ${NEAR.ipv4}`, "no passive-mode"]);
    await herald.reported("up", isUp);
  });

  test.each([
    ["ipv4", true],
    // FRR 8.4 offers the echo function over IPv6, and its kernel forwards, but it sends none of its own.
    ["ipv6", false],
  ] as const)(
    "%s echo: Herald's come back through the router, and notice if not; FRR's are returned",
    async (family, sends) => {
      scene = await createScene();
      const frr = await scene.frr(
        peer(NEAR[family], [...INTERVALS, "echo-mode", "echo transmit-interval 50", "echo receive-interval 50"]),
      );
      const herald = await scene.herald();
      herald.apply([session(family, { echoIntervalMs: 50 })]);
      const up = await herald.reported("up", isUp);
      await until("echo packets came back to Herald", async () => {
        const [counted] = await herald.statistics();
        return (counted?.echoPacketsReceived ?? 0) > 20;
      });
      if (sends)
        await until(
          "FRR's came back to it",
          async () => ((await frr.counters(NEAR[family]))["echo-packet-input"] ?? 0) > 20,
        );
      expect(herald.reports.filter((report) => isDown(report) && report.at > up.at)).toEqual([]);
      const before = monotonicMs();
      // The router's forwarding fails, while its BFD goes on.
      await scene.setForwarding(scene.far, "off");
      const down = await herald.reported("down", isDown, { since: before });
      expect(down.diagnostic).toBe("echoFunctionFailed");
    },
  );

  test("packets that were forwarded are not heard", async () => {
    scene = await createScene({ hops: 2 });
    const frr = await scene.frr(peer(NEAR.ipv4, INTERVALS, ` local-address ${BEYOND.ipv4}`));
    const herald = await scene.herald();
    herald.apply([{ ...session(), remote: BEYOND.ipv4 }]);
    await until("FRR had sent some", async () => ((await frr.counters(NEAR.ipv4))["control-packet-output"] ?? 0) > 1);
    expect((await herald.statistics())[0]?.controlPacketsReceived).toBe(0);
    expect(herald.reports.filter(isUp)).toEqual([]);
  });
});

describe("over several hops", () => {
  test.each(["ipv4", "ipv6"] as const)(
    "%s: a session comes up, as far away as the minimum TTL allows",
    async (family) => {
      scene = await createScene({ hops: 2 });
      await scene.frr(peer(NEAR[family], INTERVALS, ` multihop local-address ${BEYOND[family]}`));
      const herald = await scene.herald();
      const multihop = (minimumTtl: number) => ({
        local: NEAR[family],
        remote: BEYOND[family],
        isMultihop: true,
        profile: { ...PROFILE, minimumTtl },
      });
      herald.apply([multihop(254)]);
      const up = await herald.reported("up", isUp);
      herald.apply([multihop(255)]);
      const down = await herald.reported("down", isDown, { since: up.at });
      herald.apply([multihop(254)]);
      await herald.reported("up again", isUp, { since: down.at });
    },
  );
});

describe("trouble", () => {
  test("a taken port is reported, tried again, and stops no other session", async () => {
    scene = await createScene();
    await scene.frr([...peer(NEAR.ipv4), ...peer(NEAR.ipv6)]);
    const script = `require("dgram").createSocket("udp4").bind(3784, "${NEAR.ipv4}", () => console.log("bound"))`;
    const taker = spawn("ip", ["netns", "exec", scene.near, process.execPath, "-e", script]);
    onTestFinished(() => {
      taker.kill("SIGKILL");
    });
    await once(taker.stdout, "data");
    const herald = await scene.herald();
    herald.apply([session("ipv4"), session("ipv6")]);
    const taken = await herald.reported("a taken port", ({ problem }) => problem === "EADDRINUSE");
    expect(taken.session.local).toBe(NEAR.ipv4);
    await herald.reported("the other up", (report) => isUp(report) && report.session.local === NEAR.ipv6);
    taker.kill("SIGKILL");
    await herald.reported("up once it is free", (report) => isUp(report) && report.session.local === NEAR.ipv4);
  });

  test("an interface that is deleted and made anew takes its session along, and brings it back", async () => {
    scene = await createScene();
    await scene.frr(peer(NEAR.ipv4));
    const herald = await scene.herald();
    herald.apply([session()]);
    const up = await herald.reported("up", isUp);
    await scene.ip(scene.near, "link", "delete", WIRE);
    const down = await herald.reported("down", isDown, { since: up.at });
    await scene.ip(scene.near, "link", "add", WIRE, "type", "veth", "peer", "name", WIRE, "netns", scene.far);
    for (const [namespace, address] of [
      [scene.near, NEAR.ipv4],
      [scene.far, FAR.ipv4],
    ] as const) {
      await scene.ip(namespace, "addr", "add", `${address}/24`, "dev", WIRE);
      await scene.ip(namespace, "link", "set", WIRE, "up");
    }
    await herald.reported("up again", isUp, { since: down.at });
  });
});
