import fc from "fast-check";
import { expect, test } from "vitest";
import { notification } from "./notification.ts";
import {
  accepted,
  CONFIG,
  closed,
  dialled,
  expired,
  type Happening,
  KEEPALIVE,
  peerOpen,
  RESTARTABLE,
  RETRY,
  received,
  START,
  UPDATE,
} from "./session.test.fixture.ts";
import { stepSession } from "./session.ts";
import type { SessionConfig } from "./session-config.ts";
import type { SessionEffect, SessionEvent } from "./session-event.ts";
import { initialSession, isAgreed, type SessionState } from "./session-state.ts";

const CONNECTIONS = [1, 2, 3, 4] as const;

const onConnection = fc
  .constantFrom(...CONNECTIONS)
  .chain((connection) =>
    fc.constantFrom<Happening>(
      received(peerOpen(), connection),
      received(peerOpen({}, RESTARTABLE), connection),
      received(peerOpen({ holdSeconds: 0 }), connection),
      received(peerOpen({ asn: 1 }), connection),
      received(KEEPALIVE, connection),
      received(UPDATE, connection),
      received(notification("cease"), connection),
      received(notification("unsupportedOptionalParameter"), connection),
      received({ type: "routeRefresh", subtype: "request", family: "ipv4" }, connection),
      { type: "malformed", connection, notification: notification("badMessageType") },
      closed(connection),
      expired("hold", connection),
      expired("keepalive", connection),
    ),
  );

/** Likely ones more often, so that sequences get somewhere. */
const happening = fc.oneof(
  { weight: 6, arbitrary: onConnection },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Happening>(
      START,
      RETRY,
      { type: "dialFailed" },
      dialled(),
      accepted(),
      { type: "stop", notification: undefined, routes: "keep" },
      { type: "stop", notification: notification("administrativeShutdown"), routes: "drop" },
      { type: "fail", notification: notification("bfdDown") },
      { type: "refresh", family: "ipv4" },
    ),
  },
);

const config = fc.constantFrom<SessionConfig>(
  CONFIG,
  RESTARTABLE,
  { ...CONFIG, isPassive: true },
  { ...CONFIG, holdSeconds: 0, connectRetrySeconds: 5 },
);

/** What an obedient shell would have running, and a record of what each connection has been told. */
class Shell {
  readonly timers = new Set<string>();
  readonly said = new Map<number, string[]>();
  readonly closed = new Set<number>();
  isDialing = false;

  obey(effect: SessionEffect): void {
    switch (effect.type) {
      case "arm":
        expect(effect.ms).toBeGreaterThan(0);
        this.timers.add(timerKey(effect.timer));
        break;
      case "disarm":
        this.timers.delete(timerKey(effect.timer));
        break;
      case "dial":
        expect(this.isDialing).toBe(false);
        this.isDialing = true;
        break;
      case "abandon":
        expect(this.isDialing).toBe(true);
        this.isDialing = false;
        break;
      case "send":
        expect(this.closed).not.toContain(effect.connection);
        this.said.set(effect.connection, [...(this.said.get(effect.connection) ?? []), effect.message.type]);
        break;
      case "close":
        this.closed.add(effect.connection);
        for (const name of ["hold", "keepalive"]) this.timers.delete(`${name} ${effect.connection}`);
        break;
      default:
    }
  }
}

const timerKey = (timer: { readonly name: string; readonly connection?: number }): string =>
  timer.connection === undefined ? timer.name : `${timer.name} ${timer.connection}`;

function expectTimers(state: SessionState, { isPassive }: SessionConfig, shell: Shell): void {
  const due = new Set<string>();
  const { dial, connections } = state;
  if (dial === "held" || dial === "dialing" || (dial === "waiting" && !isPassive)) due.add("retry");
  for (const connection of connections) {
    if (!isAgreed(connection) || connection.session.holdSeconds > 0) due.add(`hold ${connection.id}`);
    if (isAgreed(connection) && connection.session.holdSeconds > 0) due.add(`keepalive ${connection.id}`);
  }
  expect(shell.timers).toEqual(due);
}

function expectSound(state: SessionState, shell: Shell): void {
  const { connections, dial } = state;
  expect(connections.filter(isAgreed).length).toBeLessThanOrEqual(1);
  expect(connections.filter(({ isIncoming }) => !isIncoming).length).toBeLessThanOrEqual(1);
  expect(shell.isDialing).toBe(dial === "dialing");
  if (dial === "stopped" || dial === "held") expect(connections).toEqual([]);
  // There is a connection, or something is done to get one.
  if (dial === "idle") expect(connections).not.toEqual([]);
  for (const { id } of connections) expect(shell.closed).not.toContain(id);
}

test("whatever happens in whatever order, timers run that get it on, and nothing is said out of turn", () => {
  fc.assert(
    fc.property(config, fc.array(happening, { maxLength: 80 }), (settings, happenings) => {
      const shell = new Shell();
      let state = initialSession;
      let next = 1;
      let now = 0;
      for (const happening of happenings) {
        const event = renumber(happening, () => next++);
        // The world obeys, too: only what was asked for comes.
        if (event.type === "connected" && !event.isIncoming && !shell.isDialing) continue;
        if (event.type === "dialFailed" && !shell.isDialing) continue;
        if (event.type === "expired" && !shell.timers.delete(timerKey(event.timer))) continue;
        if (event.type === "dialFailed" || (event.type === "connected" && !event.isIncoming)) shell.isDialing = false;
        now += 10_000;
        const step = stepSession(state, { ...event, now } as SessionEvent, settings);
        const before = state;
        state = step.state;
        for (const effect of step.effects) {
          shell.obey(effect);
          if (effect.type !== "up") continue;
          expect(before.connections.find(({ id }) => id === effect.connection)?.name).toBe("openConfirm");
        }
        expectTimers(state, settings, shell);
        expectSound(state, shell);
        for (const said of shell.said.values()) expect(said).toEqual(inOrder(said));
      }
    }),
    { numRuns: 500 },
  );
});

/** Connections are numbered as they come. */
function renumber(happening: Happening, take: () => number): Happening {
  return happening.type === "connected" ? { ...happening, connection: take() } : happening;
}

/** An OPEN first, then KEEPALIVEs and requests, and nothing after a NOTIFICATION. */
function inOrder(said: readonly string[]): string[] {
  const [open, ...rest] = said;
  expect(open).toBe("open");
  const end = rest.indexOf("notification");
  if (end >= 0) expect(end).toBe(rest.length - 1);
  expect(rest).not.toContain("open");
  expect(rest).not.toContain("update");
  return [...said];
}
