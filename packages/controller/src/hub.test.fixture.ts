import { ConnectResponse, type Encoded } from "@heraldlb/api";
import type { StreamId } from "@heraldlb/election";
import type { Ip } from "@heraldlb/net";
import { FakeClock } from "@heraldlb/runtime/testing";
import { Definitions, type Manner } from "./definitions.ts";
import { Hub } from "./hub.ts";
import type { Greeting } from "./messages.ts";
import { singly } from "./order.test.fixture.ts";
import type { Session } from "./session.ts";

/** Who the hub's controller is. */
export const IDENTITY = "me";
/** Two groups. */
export const A: Ip = "10.0.0.1" as Ip;
export const B: Ip = "10.0.0.2" as Ip;
/** Four nodes, any interface. */
export const everywhere: ReadonlyMap<string, Manner> = new Map<string, Manner>(
  ["n1", "n2", "n3", "n4"].map((node) => [node, { interfaces: "all" }]),
);

/** How a hub is set up. */
interface HubSettings {
  readonly groups?: readonly Ip[];
  readonly snapshots?: number;
  readonly limit?: number;
}

/** A hub, and what its controller does with it. */
export interface HubBench {
  readonly clock: FakeClock;
  readonly definitions: Definitions;
  readonly hub: Hub;
  /** Orders of one turn. */
  send(id: StreamId, ...orders: readonly Parameters<Hub["send"]>[1][]): void;
  /** Something that a speaker says, and the end of the turn. */
  note(...said: Parameters<Hub["note"]>): void;
}

/** An open hub, where `limit` orders may be under way. */
export function start({ groups = [A], snapshots = 4, limit = 100 }: HubSettings = {}): HubBench {
  const clock = new FakeClock();
  const definitions = new Definitions(100);
  for (const id of groups) definitions.set({ id, addresses: [id] }, everywhere);
  const orders = { least: limit, most: limit, slowMs: 60, patienceMs: 300 };
  const hub = new Hub({ clock, definitions, identity: IDENTITY, snapshots, orders });
  hub.open();
  const send: HubBench["send"] = (id, ...orders) => {
    for (const order of orders) hub.send(id, order);
    hub.endTurn();
  };
  const note: HubBench["note"] = (...said) => {
    hub.note(...said);
    hub.endTurn();
  };
  return { clock, definitions, hub, send, note };
}

/** What a speaker says first that is not the usual, and how much of what it was sent is not out yet. */
interface Dialling extends Partial<Greeting> {
  readonly holds?: readonly string[];
  readonly buffered?: () => number;
}

/** A stream, and what it was sent. */
export interface Dialled {
  readonly session: Session;
  readonly encoded: readonly Encoded[];
  flush(): void;
  /** Its messages, as their essence. */
  heard(): readonly unknown[];
}

/** A stream whose messages stay unflushed until `flush`. */
export function dial(hub: Hub, node: string, hello: Dialling = {}): Dialled {
  const encoded: Encoded[] = [];
  let flush = () => {};
  const { holds = [], buffered = () => 0, ...rest } = hello;
  const session = hub.connect({
    send: (message) => void encoded.push(message),
    flushed: () => new Promise<void>((resolve) => (flush = resolve)),
    get buffered() {
      return buffered();
    },
  });
  hub.note(session, greeting(node, holds, rest));
  hub.endTurn();
  return { session, encoded, flush: () => flush(), heard: () => encoded.flatMap(decode).map(read) };
}

function greeting(node: string, holds: readonly string[], rest: Partial<Greeting>): Greeting {
  const holdings = holds.map((group) => ({ group, epoch: { term: 1, counter: 1 }, state: "owner" as const }));
  return {
    type: "greeting",
    hello: {
      ...{ type: "hello", node, instance: "i", bootId: "b", startedAt: 0, stamp: 7, maxTerm: 0, termHolder: "" },
      ...{ holdingsRev: 0, holdings, links: [] },
    },
    appliedRevision: 0,
    revisionHolder: "",
    ...rest,
  };
}

/** The messages in what was sent. */
export const decode = (bytes: Encoded): readonly ConnectResponse["message"][] =>
  singly(ConnectResponse.decode(bytes).message);

function read(message: ConnectResponse["message"]): unknown {
  switch (message?.$case) {
    case "snapshotChunk": {
      const { revision, index, last, groups } = message.value;
      return { snapshot: groups.map(({ id }) => id), revision: Number(revision), index, last };
    }
    case "delta": {
      const { baseRevision, revision, changed, removed } = message.value;
      return { base: Number(baseRevision), revision: Number(revision), changed: changed.map(({ id }) => id), removed };
    }
    case "assign":
      return { assign: message.value.group, echo: Number(message.value.echo) };
    case "leave":
      return { leave: message.value.group, echo: Number(message.value.echo) };
    case "revoke":
      return { revoke: message.value.group };
    default:
      return message?.$case;
  }
}

/** An Assign's parts, all but the time. */
interface Named<Type> {
  readonly type: Type;
  readonly group: string;
  readonly epoch: { readonly term: number; readonly counter: number };
}

/** An order to own a group. */
export const assign = (group: string, echo = 7): Named<"assign"> & { readonly echo: number } => ({
  ...{ type: "assign", group, epoch: { term: 1, counter: 2 }, echo },
});

/** An order to let go of a group. */
export const revoke = (group: string): Named<"revoke"> => ({ type: "revoke", group, epoch: { term: 1, counter: 3 } });

/** What a speaker says all the time. */
export const heartbeat = (stamp: number): Parameters<Hub["note"]>[1] => ({
  ...{ type: "heartbeat", stamp, maxTerm: 0, termHolder: "", holdingsRev: 0, workerAge: 0 },
});
