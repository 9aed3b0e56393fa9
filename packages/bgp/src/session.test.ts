import { expect, test } from "vitest";
import { notification } from "./notification.ts";
import {
  accepted,
  after,
  CONFIG,
  closed,
  dialled,
  ESTABLISHED,
  expired,
  type Happening,
  KEEPALIVE,
  OPEN_CONFIRM,
  OPEN_SENT,
  OWN_ID,
  peerOpen,
  RETRY,
  received,
  START,
  UPDATE,
} from "./session.test.fixture.ts";
import type { SessionEffect } from "./session-event.ts";
import { sessionName } from "./session-state.ts";

/** Effects in a line each, for tables. */
function inWords(effect: SessionEffect): string {
  switch (effect.type) {
    case "send": {
      const { message } = effect;
      return `send ${message.type === "notification" ? message.error : message.type}`;
    }
    case "arm":
      return `arm ${effect.timer.name} ${effect.ms}`;
    case "disarm":
      return `disarm ${effect.timer.name}`;
    case "ended":
      return `ended ${effect.end.reason}`;
    default:
      return effect.type;
  }
}

const words = (effects: readonly SessionEffect[]): string[] => effects.map(inWords);
const stop: Happening = { type: "stop", notification: notification("administrativeShutdown"), routes: "drop" };
const fail: Happening = { type: "fail", notification: notification("bfdDown") };
const malformed: Happening = { type: "malformed", connection: 1, notification: notification("badMessageLength") };
const cease = received(notification("administrativeReset"));
const badVersion = received(notification("unsupportedVersionNumber"));
const refresh = received({ type: "routeRefresh", subtype: "request", family: "ipv4" });

const IDLE: Happening[] = [];
const CONNECT = [START];
const ACTIVE: Happening[] = [START, { type: "dialFailed" }];
const HELD = [...OPEN_SENT, malformed];

const opening = ["send open", "arm hold 240000"];
const failing = (error: string) => [`send ${error}`, "close", "ended sent", "arm retry 1000"];
const agreeing = ["send keepalive", "arm keepalive 30000", "arm hold 90000"];

type Row = readonly [string, readonly Happening[], Happening, string, readonly string[]];

// The rows of RFC 4271 section 8.2.2, state by state.
test.each([
  ["idle", IDLE, START, "connect", ["dial", "arm retry 10000"]],
  ["idle", IDLE, stop, "idle", []],
  ["idle", IDLE, accepted(), "idle", ["close"]],
  ["idle", IDLE, RETRY, "idle", []],
  ["idle, held after an error", HELD, RETRY, "connect", ["dial", "arm retry 10000"]],
  ["idle, held after an error", HELD, accepted(), "idle", ["close"]],
  ["idle, held after an error", HELD, START, "idle", []],
  ["idle, held after an error", HELD, stop, "idle", ["disarm retry"]],
  ["connect", CONNECT, START, "connect", []],
  ["connect", CONNECT, stop, "idle", ["abandon", "disarm retry"]],
  ["connect", CONNECT, RETRY, "connect", ["abandon", "dial", "arm retry 10000"]],
  ["connect", CONNECT, dialled(), "openSent", ["disarm retry", ...opening]],
  ["connect", CONNECT, accepted(), "openSent", opening],
  ["connect", CONNECT, { type: "dialFailed" }, "active", ["arm retry 500"]],
  ["active", ACTIVE, stop, "idle", ["disarm retry"]],
  ["active", ACTIVE, RETRY, "connect", ["dial", "arm retry 10000"]],
  ["active", ACTIVE, accepted(), "openSent", opening],
  ["active", ACTIVE, { type: "dialFailed" }, "active", []],
  ["active", ACTIVE, dialled(), "active", ["close"]],
  ["openSent", OPEN_SENT, START, "openSent", []],
  ["openSent", OPEN_SENT, stop, "idle", ["send administrativeShutdown", "close", "ended sent"]],
  ["openSent", OPEN_SENT, expired("hold"), "idle", failing("holdTimerExpired")],
  ["openSent", OPEN_SENT, expired("keepalive"), "openSent", []],
  ["openSent", OPEN_SENT, closed(), "active", ["close", "ended closed", "arm retry 500"]],
  ["openSent", OPEN_SENT, received(peerOpen()), "openConfirm", agreeing],
  ["openSent", OPEN_SENT, malformed, "idle", failing("badMessageLength")],
  ["openSent", OPEN_SENT, badVersion, "idle", ["close", "ended received", "arm retry 1000"]],
  ["openSent", OPEN_SENT, received(KEEPALIVE), "idle", failing("unexpectedMessageInOpenSent")],
  ["openSent", OPEN_SENT, received(UPDATE), "idle", failing("unexpectedMessageInOpenSent")],
  ["openSent", OPEN_SENT, refresh, "idle", failing("unexpectedMessageInOpenSent")],
  ["openConfirm", OPEN_CONFIRM, stop, "idle", ["send administrativeShutdown", "close", "ended sent"]],
  ["openConfirm", OPEN_CONFIRM, { ...expired("hold"), now: 90_000 }, "idle", failing("holdTimerExpired")],
  ["openConfirm", OPEN_CONFIRM, expired("keepalive"), "openConfirm", ["send keepalive", "arm keepalive 30000"]],
  ["openConfirm", OPEN_CONFIRM, closed(), "active", ["close", "ended closed", "arm retry 500"]],
  ["openConfirm", OPEN_CONFIRM, cease, "idle", ["close", "ended received", "arm retry 1000"]],
  ["openConfirm", OPEN_CONFIRM, malformed, "idle", failing("badMessageLength")],
  ["openConfirm", OPEN_CONFIRM, received(KEEPALIVE), "established", ["up"]],
  ["openConfirm", OPEN_CONFIRM, received(peerOpen()), "idle", failing("unexpectedMessageInOpenConfirm")],
  ["openConfirm", OPEN_CONFIRM, received(UPDATE), "idle", failing("unexpectedMessageInOpenConfirm")],
  ["openConfirm", OPEN_CONFIRM, refresh, "idle", failing("unexpectedMessageInOpenConfirm")],
  ["established", ESTABLISHED, START, "established", []],
  ["established", ESTABLISHED, stop, "idle", ["send administrativeShutdown", "close", "ended sent"]],
  ["established", ESTABLISHED, fail, "idle", failing("bfdDown")],
  ["established", ESTABLISHED, { ...expired("hold"), now: 90_000 }, "idle", failing("holdTimerExpired")],
  ["established", ESTABLISHED, { ...expired("hold"), now: 89_000 }, "established", ["arm hold 1000"]],
  ["established", ESTABLISHED, expired("keepalive"), "established", ["send keepalive", "arm keepalive 30000"]],
  ["established", ESTABLISHED, closed(), "active", ["close", "ended closed", "arm retry 500"]],
  ["established", ESTABLISHED, cease, "idle", ["close", "ended received", "arm retry 1000"]],
  ["established", ESTABLISHED, malformed, "idle", failing("badMessageLength")],
  ["established", ESTABLISHED, received(KEEPALIVE), "established", []],
  ["established", ESTABLISHED, received(UPDATE), "established", ["routes"]],
  ["established", ESTABLISHED, refresh, "established", ["refreshRequested"]],
  ["established", ESTABLISHED, received(peerOpen()), "idle", failing("unexpectedMessageInEstablished")],
  ["established", ESTABLISHED, RETRY, "established", []],
] as readonly Row[])("RFC 4271 section 8.2.2: in %s (%#)", (_, before, event, name, effects) => {
  const outcome = after([...before, event]);
  expect([sessionName(outcome.state), words(outcome.effects)]).toEqual([name, effects]);
});

test("the hold time counts from the last message, of whatever kind", () => {
  for (const message of [KEEPALIVE, UPDATE]) {
    const { effects } = after([
      ...ESTABLISHED,
      { ...received(message), now: 60_000 },
      { ...expired("hold"), now: 90_000 },
    ]);
    expect(words(effects)).toEqual(["arm hold 60000"]);
  }
});

test.each([
  { own: 180, keepalive: 60, peer: 90, hold: 90_000, every: 30_000 },
  { own: 90, keepalive: 10, peer: 180, hold: 90_000, every: 10_000 },
  { own: 9, keepalive: 60, peer: 180, hold: 9_000, every: 3_000 },
  { own: 90, keepalive: 0, peer: 180, hold: 90_000, every: 30_000 },
])("RFC 4271 section 4.2: the smaller hold time counts, and KEEPALIVEs come three times in it: $own, $peer", (row) => {
  const config = { ...CONFIG, holdSeconds: row.own, keepaliveSeconds: row.keepalive };
  const { effects } = after([...OPEN_SENT, received(peerOpen({ holdSeconds: row.peer }))], config);
  expect(words(effects).slice(-2)).toEqual([`arm keepalive ${row.every}`, `arm hold ${row.hold}`]);
});

test.each([
  { own: 0, peer: 90 },
  { own: 90, peer: 0 },
])(
  "RFC 4271 section 4.2: with a hold time of 0 no timer runs, but the OPEN is confirmed: $own, $peer",
  ({ own, peer }) => {
    const config = { ...CONFIG, holdSeconds: own };
    const { effects } = after([...OPEN_SENT, received(peerOpen({ holdSeconds: peer }))], config);
    expect(words(effects)).toEqual(["send keepalive", "disarm hold"]);
  },
);

test("KEEPALIVEs and retries are jittered, the hold time is not (RFC 4271 section 10)", () => {
  const jitter = (events: readonly Happening[]) =>
    after(events).effects.flatMap((effect) => (effect.type === "arm" ? [[effect.timer.name, effect.jitter]] : []));
  expect(jitter(OPEN_CONFIRM)).toEqual([
    ["keepalive", 0.25],
    ["hold", 0],
  ]);
  expect(jitter(ACTIVE)).toEqual([["retry", 0.5]]);
});

test.each([
  ["another AS number", { asn: 64514 }, CONFIG, "badPeerAs"],
  ["another AS when ours is wanted", { asn: 64513 }, { ...CONFIG, peerAsn: "internal" }, "badPeerAs"],
  ["our AS when another is wanted", { asn: 64512 }, { ...CONFIG, peerAsn: "external" }, "badPeerAs"],
  [
    "our identifier within the AS",
    { asn: 64512, identifier: OWN_ID },
    { ...CONFIG, peerAsn: 64512 },
    "badBgpIdentifier",
  ],
  ["none of our families", {}, { ...CONFIG, families: ["ipv6"] }, "unsupportedCapability"],
] as const)("RFC 4271 section 6.2: refuses an OPEN with %s", (_, change, config, error) => {
  const { effects } = after([...OPEN_SENT, received(peerOpen(change))], config);
  expect(words(effects)).toEqual(failing(error));
});

test("RFC 5492 section 5: says which capability is missing", () => {
  const { effects } = after([...OPEN_SENT, received(peerOpen())], { ...CONFIG, families: ["ipv6"] });
  expect(effects[0]).toMatchObject({ message: { data: Uint8Array.of(1, 4, 0, 2, 0, 1) } });
});

test.each([
  ["any other AS", { asn: 64999 }, { ...CONFIG, peerAsn: "external" }, "external"],
  ["our AS", { asn: 64512 }, { ...CONFIG, peerAsn: "internal" }, "internal"],
  ["our identifier in another AS", { identifier: OWN_ID }, CONFIG, "external"],
] as const)("takes an OPEN with %s", (_, change, config, peer) => {
  const { state } = after([...OPEN_SENT, received(peerOpen(change))], config);
  expect(state.connections).toMatchObject([{ name: "openConfirm", session: { peer } }]);
});

test("RFC 6608: says which message should not have come", () => {
  const { effects } = after([...OPEN_SENT, received(KEEPALIVE)]);
  expect(effects[0]).toMatchObject({ message: { data: Uint8Array.of(4) } });
});

test("RFC 7606: an UPDATE that cannot be survived resets the session", () => {
  const error = { message: "nonsense", notification: notification("malformedAttributeList") };
  const fatal = { ...UPDATE, errors: [{ ...error, action: "sessionReset" as const }] };
  expect(words(after([...ESTABLISHED, received(fatal)]).effects)).toEqual(failing("malformedAttributeList"));
  const bearable = { ...UPDATE, errors: [{ ...error, action: "treatAsWithdraw" as const }] };
  expect(words(after([...ESTABLISHED, received(bearable)]).effects)).toEqual(["routes"]);
});

test("RFC 5492 section 3: a peer that refuses optional parameters is sent none the next time", () => {
  const refused = [...OPEN_SENT, received(notification("unsupportedOptionalParameter")), RETRY];
  const sent = (events: Happening[], config = CONFIG) =>
    after(events, config).effects.flatMap((effect) => (effect.type === "send" ? [effect.message] : []));
  expect(sent([...refused, dialled(2)])).toMatchObject([{ type: "open", capabilities: [] }]);
  // Neither IPv6 nor a large AS number would work without.
  for (const config of [
    { ...CONFIG, families: ["ipv6"] as const },
    { ...CONFIG, asn: 4_200_000_000 },
  ]) {
    expect(sent([...refused, dialled(2)], config)).not.toMatchObject([{ capabilities: [] }]);
  }
  // A peer that refuses even that gets them again.
  const again = [...refused, dialled(2), received(notification("unsupportedOptionalParameter"), 2), RETRY, dialled(3)];
  expect(sent(again)).not.toMatchObject([{ capabilities: [] }]);
});

test("what comes from a connection that was ended is ignored", () => {
  const over = [...ESTABLISHED, stop, START, dialled(2)];
  for (const event of [closed(), received(KEEPALIVE), malformed, expired("hold"), expired("keepalive")]) {
    const { state, effects } = after([...over, event]);
    expect([sessionName(state), effects]).toEqual(["openSent", []]);
  }
});

test("a passive session waits for the peer, without a timer", () => {
  const config = { ...CONFIG, isPassive: true };
  const { state, effects } = after([START], config);
  expect([sessionName(state), effects]).toEqual(["active", []]);
  const up = [START, accepted(), received(peerOpen(), 2), received(KEEPALIVE, 2)];
  expect(words(after(up, config).effects)).toEqual(["up"]);
  expect(words(after([...up, closed(2)], config).effects)).toEqual(["close", "ended closed"]);
  expect(words(after([...up, closed(2), accepted(3)], config).effects)).toEqual(opening);
  // After an error it refuses for a while, too.
  const held = [...up, received(notification("cease"), 2)];
  expect(words(after(held, config).effects)).toContain("arm retry 1000");
  expect(words(after([...held, accepted(3)], config).effects)).toEqual(["close"]);
  expect(words(after([...held, RETRY, accepted(3)], config).effects)).toEqual(opening);
});

test("asks for the peer's table if the peer can repeat it", () => {
  const ask: Happening = { type: "refresh", family: "ipv4" };
  expect(after([...ESTABLISHED, ask]).effects).toEqual([
    { type: "send", connection: 1, message: { type: "routeRefresh", subtype: "request", family: "ipv4" } },
  ]);
  expect(after([...OPEN_CONFIRM, ask]).effects).toEqual([]);
  expect(after([...ESTABLISHED, { ...ask, family: "ipv6" }]).effects).toEqual([]);
  const plain = [...OPEN_SENT, received(peerOpen({ capabilities: [] })), received(KEEPALIVE)];
  expect(after([...plain, ask]).effects).toEqual([]);
});

test("passes on the marks around a repeated table if both sides know them (RFC 7313)", () => {
  const mark = { type: "routeRefresh", subtype: "begin", family: "ipv4" } as const;
  expect(words(after([...ESTABLISHED, received(mark)]).effects)).toEqual(["routes"]);
  const old = peerOpen({ capabilities: [{ type: "routeRefresh" }] });
  expect(after([...OPEN_SENT, received(old), received(KEEPALIVE), received(mark)]).effects).toEqual([]);
});

test("ignores requests for families that the session does not carry", () => {
  for (const message of [
    { type: "routeRefresh", subtype: "request", family: "ipv6" },
    { type: "routeRefresh", subtype: "unknown", value: new Uint8Array(4) },
  ] as const) {
    expect(after([...ESTABLISHED, received(message)]).effects).toEqual([]);
  }
});
