import { expect, test } from "vitest";
import { hardReset } from "./cease.ts";
import { notification } from "./notification.ts";
import {
  after,
  closed,
  dialled,
  ESTABLISHED,
  type Happening,
  OPEN_CONFIRM,
  OPEN_SENT,
  RESTARTABLE,
  RESTARTABLE_UP,
  RETRY,
  START,
} from "./session.test.fixture.ts";
import type { RestartConfig } from "./session-config.ts";

const shutdown = notification("administrativeShutdown");

/** The graceful restart capability of the last OPEN that was sent. */
function offered(events: readonly Happening[], change: Partial<RestartConfig> = {}) {
  const gracefulRestart = { restartSeconds: 120, hasRestarted: false, keptForwarding: false, ...change };
  const config = { ...RESTARTABLE, families: ["ipv4", "ipv6"] as const, gracefulRestart };
  const opens = after(events, config).effects.flatMap((effect) =>
    effect.type === "send" && effect.message.type === "open" ? effect.message.capabilities : [],
  );
  return opens.find(({ type }) => type === "gracefulRestart");
}

const again = [...RESTARTABLE_UP, closed(), RETRY, dialled(2)];

test.each([
  ["at the first start", OPEN_SENT, {}, { restarted: false, forwarding: false }],
  ["after a restart", OPEN_SENT, { hasRestarted: true, keptForwarding: true }, { restarted: true, forwarding: true }],
  ["after a reboot", OPEN_SENT, { hasRestarted: true }, { restarted: true, forwarding: false }],
  ["after a lost connection", again, {}, { restarted: false, forwarding: true }],
  [
    "after a restart and a lost connection",
    again,
    { hasRestarted: true, keptForwarding: true },
    { restarted: false, forwarding: true },
  ],
] as const)(
  "RFC 4724 section 3: tells of restarts and of forwarding %s",
  (_, events, change, { restarted, forwarding }) => {
    expect(offered(events, change)).toEqual({
      type: "gracefulRestart",
      restarted,
      notification: true,
      restartSeconds: 120,
      entries: [
        { family: "ipv4", forwarding },
        { family: "ipv6", forwarding },
      ],
    });
  },
);

test("without graceful restart nothing of it is offered", () => {
  const { effects } = after(OPEN_SENT);
  expect(effects).not.toMatchObject([{}, { message: { capabilities: [{ type: "gracefulRestart" }] } }]);
  const [, send] = effects;
  expect(
    send?.type === "send" && send.message.type === "open" && send.message.capabilities.map(({ type }) => type),
  ).toEqual(["multiprotocol", "routeRefresh", "extendedMessage", "fourByteAs", "enhancedRouteRefresh"]);
});

test("stopping for a restart says nothing", () => {
  const { state, effects } = after(
    [...RESTARTABLE_UP, { type: "stop", notification: undefined, routes: "keep" }],
    RESTARTABLE,
  );
  expect(effects).toEqual([
    { type: "close", connection: 1 },
    { type: "ended", connection: 1, wasUp: true, end: { reason: "restarting" } },
  ]);
  expect(state.connections).toEqual([]);
});

test.each([
  ["stopping", { type: "stop", notification: shutdown, routes: "drop" }],
  ["failing", { type: "fail", notification: shutdown }],
] as const)("RFC 8538 section 4: %s for good is a hard reset, where less would keep routes", (_, event) => {
  const words = (events: readonly Happening[], config = RESTARTABLE) =>
    after([...events, event], config).effects.flatMap((effect) => (effect.type === "send" ? [effect.message] : []));
  expect(words(RESTARTABLE_UP)).toEqual([hardReset(shutdown)]);
  expect(words(ESTABLISHED)).toEqual([shutdown]);
  expect(words(OPEN_CONFIRM)).toEqual([shutdown]);
  expect(words(OPEN_SENT)).toEqual([shutdown]);
});

test("RFC 8538 section 3: stopping only to begin anew leaves the peer its routes", () => {
  const event: Happening = { type: "stop", notification: notification("otherConfigurationChange"), routes: "keep" };
  expect(after([...RESTARTABLE_UP, event], RESTARTABLE).effects[0]).toMatchObject({
    message: { error: "otherConfigurationChange" },
  });
});

test("starting again after a stop is no restart of the process", () => {
  const events: Happening[] = [
    ...RESTARTABLE_UP,
    { type: "stop", notification: shutdown, routes: "drop" },
    START,
    dialled(2),
  ];
  expect(offered(events, { hasRestarted: true })).toMatchObject({ restarted: false });
});
