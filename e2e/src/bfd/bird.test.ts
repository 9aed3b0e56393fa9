import { type BfdHost, monotonicMs, pass, until } from "@heraldlb/lab";
import { afterEach, expect, test } from "vitest";
import { type Bird, startBird } from "./bird.fixture.ts";
import { BEYOND, createScene, NEAR, PROFILE, type Scene, session, WIRE } from "./scene.fixture.ts";

let scene: Scene | undefined;
let bird: Bird | undefined;

afterEach(async () => {
  await bird?.[Symbol.asyncDispose]();
  await scene?.[Symbol.asyncDispose]();
  [scene, bird] = [undefined, undefined];
});

const every = (ms: number) => `min rx interval ${ms} ms; min tx interval ${ms} ms; idle tx interval 1 s; multiplier 3;`;
const direct = (address: string, ms = 100) =>
  `interface "${WIRE}" { ${every(ms)} };\nneighbor ${address} dev "${WIRE}";`;

const isUp = ({ state }: { readonly state: string }) => state === "up";
const isDown = ({ state }: { readonly state: string }) => state === "down";
const is = (peer: Bird, address: string, state: string) =>
  until(`BIRD's session was ${state}`, async () => (await peer.stateOf(address)) === state);

/** Lets each side notice that the other is gone. */
async function expectDetection(herald: BfdHost, router: Bird, address: string): Promise<void> {
  const stoppedAt = monotonicMs();
  router.kill("SIGSTOP");
  const down = await herald.reported("down", isDown, { since: stoppedAt });
  expect(down.diagnostic).toBe("controlDetectionTimeExpired");
  router.kill("SIGCONT");
  await herald.reported("up again", isUp, { since: down.at });
  await is(router, address, "Up");
  herald.kill("SIGKILL");
  await is(router, address, "Down");
}

test.each(["ipv4", "ipv6", "linkLocal"] as const)("%s: BIRD and Herald notice each other's end", async (family) => {
  scene = await createScene();
  bird = await startBird(scene.far, direct(NEAR[family]));
  const herald = await scene.herald();
  herald.apply([session(family)]);
  await herald.reported("up", isUp);
  await is(bird, NEAR[family], "Up");
  await expectDetection(herald, bird, NEAR[family]);
});

test("over several hops BIRD and Herald notice each other's end", async () => {
  scene = await createScene({ hops: 2 });
  bird = await startBird(
    scene.far,
    `multihop { ${every(100)} };\nneighbor ${NEAR.ipv4} local ${BEYOND.ipv4} multihop on;`,
  );
  const herald = await scene.herald();
  // BIRD sends with the system's TTL, 64.
  const profile = { ...PROFILE, minimumTtl: 63 };
  herald.apply([{ local: NEAR.ipv4, remote: BEYOND.ipv4, isMultihop: true, profile }]);
  await herald.reported("up", isUp);
  await expectDetection(herald, bird, NEAR.ipv4);
});

test("changes of intervals on either side drop nothing", async () => {
  scene = await createScene();
  bird = await startBird(scene.far, direct(NEAR.ipv4));
  const herald = await scene.herald();
  herald.apply([session()]);
  const up = await herald.reported("up", isUp);
  for (const ms of [50, 800]) {
    herald.apply([session("ipv4", { receiveIntervalMs: ms, transmitIntervalMs: ms })]);
    await pass(1_500);
    await bird.configure(direct(NEAR.ipv4, ms));
    await pass(1_500);
  }
  expect(await bird.stateOf(NEAR.ipv4)).toBe("Up");
  expect(herald.reports.filter((report) => isDown(report) && report.at > up.at)).toEqual([]);
});
