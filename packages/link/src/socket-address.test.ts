import type { Ip } from "@heraldlb/net";
import { expect, test } from "vitest";
import { internetAddress, netlinkAddress, packetAddress } from "./socket-address.ts";

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

// On the little-endian machines that Herald runs on.
test.each([
  ["IPv4", internetAddress("192.0.2.1" as Ip, 179, 0), "02 00 00 b3 c0 00 02 01 00 00 00 00 00 00 00 00"],
  [
    "IPv6 on a link",
    internetAddress("fe80::1" as Ip, 179, 3),
    "0a 00 00 b3 00 00 00 00 fe 80 00 00 00 00 00 00 00 00 00 00 00 00 00 01 03 00 00 00",
  ],
  ["a packet socket", packetAddress(0x0806, 258), "11 00 08 06 02 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00"],
  ["netlink", netlinkAddress(0x111), "10 00 00 00 00 00 00 00 11 01 00 00"],
])("the kernel's address of %s", (_name, bytes, expected) => {
  expect(hex(bytes)).toBe(expected);
});

test.each([-1, 65_536, 1.5, Number.NaN])("port %d does not exist", (port) => {
  expect(() => internetAddress("192.0.2.1" as Ip, port, 0)).toThrow(RangeError);
});
