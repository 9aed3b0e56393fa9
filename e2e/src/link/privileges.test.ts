import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { arpFrame } from "./frames.ts";
import { type Host, startHost, until } from "./host.ts";
import { INTERFACE, layWire, type Wire } from "./namespaces.ts";

const NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"];
const NO_CAPABILITY = [...NOBODY, "--bounding-set=-all"];
const NET_RAW_ONLY = [
  ...NOBODY,
  "--bounding-set=-all,+net_raw",
  "--inh-caps=-all,+net_raw",
  "--ambient-caps=-all,+net_raw",
];

let wire: Wire;
let near: Host | undefined;

beforeEach(() => {
  wire = layWire();
});

afterEach(async () => {
  await near?.[Symbol.asyncDispose]();
  wire[Symbol.dispose]();
});

describe.each(["packet", "pcap"] as const)("without root, %s", (backend) => {
  test("refuses to open and says which capability is lacking", async () => {
    near = startHost(wire.near, { wrapper: NO_CAPABILITY });
    await expect(near.call("open", "near", INTERFACE, backend, "arp")).rejects.toMatchObject({
      code: "permission",
      message: expect.stringMatching(/permi/i),
    });
  });

  test("needs CAP_NET_RAW alone", async () => {
    near = startHost(wire.near, { wrapper: NET_RAW_ONLY });
    await using far = startHost(wire.far);
    await far.call("open", "far", INTERFACE, "packet", "arp");
    const { receiveBufferBytes } = await near.call("open", "near", INTERFACE, backend, "arp");
    expect(receiveBufferBytes).toBeGreaterThan(0);
    await far.call("send", "far", [arpFrame(1)]);
    await until("the frame is heard", () => near?.told.some(({ frames }) => frames?.includes(arpFrame(1))) ?? false);
  });
});

test("interfaces can be watched without any capability", async () => {
  near = startHost(wire.near, { wrapper: NO_CAPABILITY });
  await near.call("watch", 1 << 20);
  await until("the listing is complete", () => near?.told.some(({ type }) => type === "synced") ?? false);
});
