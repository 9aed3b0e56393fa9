import { fileURLToPath } from "node:url";
import { encodeMessage, INITIAL_CODEC_OPTIONS, type Open } from "@heraldlb/bgp";
import { type LabProcess, pass, until } from "@heraldlb/lab";
import type { Ipv4 } from "@heraldlb/net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RogueLine } from "./rogue-protocol.ts";
import { createScene, peer, ROUTER_ASN, route, type Scene } from "./scene.fixture.ts";

const ROGUE = fileURLToPath(new URL("./rogue.fixture.ts", import.meta.url));
const MARKER = "ff".repeat(16);
const FIRST_PORT = 1790;

const OPEN: Open = {
  type: "open",
  asn: ROUTER_ASN,
  holdSeconds: 90,
  identifier: "10.64.0.51" as Ipv4,
  capabilities: [
    { type: "multiprotocol", family: "ipv4" },
    { type: "routeRefresh" },
    { type: "enhancedRouteRefresh" },
    { type: "fourByteAs" },
  ],
};

const hex = (value: number, bytes: number): string => value.toString(16).padStart(2 * bytes, "0");
const message = (type: number, body: string): string => MARKER + hex(19 + body.length / 2, 2) + hex(type, 1) + body;
const update = (attributes: string, nlri: string): string =>
  message(2, `0000${hex(attributes.length / 2, 2)}${attributes}${nlri}`);
const open = (change: Partial<Open>): string =>
  Array.from(encodeMessage({ ...OPEN, ...change }, INITIAL_CODEC_OPTIONS), (byte) => hex(byte, 1)).join("");
const GOOD = open({});
/** An OPEN with other bytes from the given offset on. */
const patched = (offset: number, bytes: string): string =>
  GOOD.slice(0, 2 * offset) + bytes + GOOD.slice(2 * offset + bytes.length);

const ORIGIN = "40010100";
const AS_PATH = "40020602010000fc01";
const NEXT_HOP = "4003040a400033";
const NLRI = "180a0909";

interface Row {
  readonly what: string;
  readonly open?: string;
  readonly established?: string;
  /** The NOTIFICATION that ends it; none if the session survives. */
  readonly ends?: readonly [code: number, subcode: number];
}

const OPENS: readonly Row[] = [
  { what: "a marker that is not all ones", open: `00${GOOD.slice(2)}`, ends: [1, 1] },
  { what: "a length that is too short", open: patched(16, "0012"), ends: [1, 2] },
  { what: "a length that is too long", open: patched(16, "ffff"), ends: [1, 2] },
  { what: "an unknown type", open: patched(18, "09"), ends: [1, 3] },
  { what: "another version", open: patched(19, "03"), ends: [2, 1] },
  { what: "another AS number", open: open({ asn: 64_999 }), ends: [2, 2] },
  { what: "an identifier of 0", open: patched(24, "00000000"), ends: [2, 3] },
  { what: "an unknown optional parameter", open: message(1, "04fc01005a0a40003303010100"), ends: [2, 4] },
  { what: "a hold time of 2 s", open: patched(22, "0002"), ends: [2, 6] },
  { what: "IPv6 alone", open: open({ capabilities: [{ type: "multiprotocol", family: "ipv6" }] }), ends: [2, 7] },
  { what: "a capability that is cut off", open: message(1, "04fc01005a0a400033040202ff09"), ends: [2, 0] },
  { what: "no OPEN but a KEEPALIVE", open: message(4, ""), ends: [5, 1] },
  { what: "no OPEN but an UPDATE", open: message(2, "00000000"), ends: [5, 1] },
];

const MESSAGES: readonly Row[] = [
  { what: "a good UPDATE", established: update(ORIGIN + AS_PATH + NEXT_HOP, NLRI) },
  { what: "an unknown ORIGIN", established: update(`40010109${AS_PATH}${NEXT_HOP}`, NLRI) },
  { what: "an UPDATE without AS_PATH", established: update(ORIGIN + NEXT_HOP, NLRI) },
  { what: "an attribute that runs over the list", established: update(`${ORIGIN}400206020100`, NLRI) },
  { what: "an unknown transitive attribute", established: update(`${ORIGIN}${AS_PATH}${NEXT_HOP}c0630101`, NLRI) },
  { what: "an aggregator of a wrong length", established: update(`${ORIGIN}${AS_PATH}${NEXT_HOP}c0070100`, NLRI) },
  { what: "attributes longer than the message", established: message(2, "0000ffff"), ends: [3, 1] },
  { what: "a prefix of 33 bits", established: update(ORIGIN + AS_PATH + NEXT_HOP, "210a0909"), ends: [3, 10] },
  { what: "another OPEN", established: GOOD, ends: [5, 3] },
  { what: "a ROUTE-REFRESH that is cut off", established: message(5, "0001"), ends: [1, 2] },
  { what: "a ROUTE-REFRESH of another family", established: message(5, "00190041") },
  { what: "a begin of refresh that is too long", established: message(5, "0001010100"), ends: [7, 1] },
  { what: "noise", established: "5a".repeat(100), ends: [1, 1] },
];

const ROWS = [...OPENS, ...MESSAGES];

let scene: Scene;
let rogues: LabProcess;
const portOf = (row: Row): number => FIRST_PORT + ROWS.indexOf(row);
const nameOf = (row: Row): string => `rogue${portOf(row)}`;

/** What the rogue of a row has printed, up to now. */
function linesOf(row: Row): RogueLine[] {
  const lines = rogues.log().trim().split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as RogueLine).filter(({ port }) => port === portOf(row));
}

beforeAll(async () => {
  scene = await createScene("s-rogue");
  const all = ROWS.map((row) => ({ port: portOf(row), open: row.open ?? GOOD, established: row.established ?? "" }));
  const command = [process.execPath, "--conditions=@heraldlb/source", ROGUE, JSON.stringify(all)] as const;
  rogues = scene.routerHost.start(command, { name: "rogues" });
  await until("all listen", async () => {
    const listening = await scene.routerHost.exec(["ss", "-Htln"]);
    return ROWS.every((row) => listening.includes(`:${portOf(row)} `));
  });
  await scene.start();
  const address = scene.routerHost.ipv4;
  await scene.replace({
    peers: ROWS.map((row) => peer({ name: nameOf(row), address, port: portOf(row) })),
    routes: [route("10.64.1.1/32")],
  });
  // Those that survive have had the time not to.
  await pass(1500);
});
afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

describe.each([
  ["OPEN", OPENS],
  ["message of a running session", MESSAGES],
] as const)("instead of a good %s", (_, rows) => {
  test.each(rows)("$what comes to what the RFCs say", async (row) => {
    const { ends } = row;
    if (!ends) {
      expect(linesOf(row).map(({ type }) => type)).not.toContain("closed");
      expect((await scene.session(nameOf(row)))?.state).toBe("established");
      return;
    }
    const told = await until("the connection was ended", () =>
      linesOf(row).find(({ type }) => type === "notification"),
    );
    expect([told.code, told.subcode]).toEqual(ends);
    // It is tried again, and comes to the same, but not in a storm.
    expect(linesOf(row).filter(({ type }) => type === "open").length).toBeLessThan(20);
  });
});
