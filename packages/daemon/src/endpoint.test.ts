import { expect, test } from "vitest";
import { formatEndpoint, isLoopback, listenOptions, parseAddressPort, parseHostPort } from "./endpoint.ts";

test.each([
  ["127.0.0.1:9120", "127.0.0.1", 9120],
  ["[::]:7600", "::", 7600],
  ["[fd00::1]:1", "fd00::1", 1],
  ["0.0.0.0:0", "0.0.0.0", 0],
  ["[fe80::1%eth0]:65535", "fe80::1%eth0", 65_535],
])("%s is an address and a port, and written the same", (text, host, port) => {
  const endpoint = { host, port };
  expect(parseAddressPort(text)).toEqual(endpoint);
  expect(formatEndpoint(endpoint)).toBe(text);
});

test("a server that is to listen to all says so without an address", () => {
  expect(listenOptions({ host: "::", port: 1 })).toEqual({ port: 1 });
  expect(listenOptions({ host: "::1", port: 1 })).toEqual({ host: "::1", port: 1 });
  expect(listenOptions({ host: "0.0.0.0", port: 1 })).toEqual({ host: "0.0.0.0", port: 1 });
});

test.each([
  "",
  ":7600",
  "127.0.0.1",
  "127.0.0.1:",
  "::1:7600",
  "[127.0.0.1]:1",
  "127.0.0.1:65536",
  "127.0.0.1:-1",
  "127.0.0.1:0x10",
  "localhost:7600",
  "01.2.3.4:5",
  "[::1]",
  "[::1]7600",
  "[::1]:7600 ",
])('"%s" is no address with a port', (text) => {
  expect(parseAddressPort(text)).toBeUndefined();
});

test.each([
  ["controller:7600", "controller"],
  ["herald-controller.herald_system.svc:7600", "herald-controller.herald_system.svc"],
  ["10.0.0.1:7600", "10.0.0.1"],
  ["[fd00::1]:7600", "fd00::1"],
])("%s is a host and a port", (text, host) => {
  expect(parseHostPort(text)).toEqual({ host, port: 7600 });
});

test.each([
  "controller",
  "controller:0",
  "-x:1",
  "a..b:1",
  "1.2.3:1",
  "300.1.1.1:1",
  "a b:1",
  `${"a".repeat(64)}:1`,
  "http://x:1",
])('"%s" is no host with a port', (text) => {
  expect(parseHostPort(text)).toBeUndefined();
});

test.each([
  ["127.0.0.1", true],
  ["127.9.9.9", true],
  ["::1", true],
  ["0.0.0.0", false],
  ["::", false],
  ["10.0.0.1", false],
  ["::ffff:127.0.0.1", false],
])("%s is loopback: %s", (host, is) => {
  expect(isLoopback({ host, port: 1 })).toBe(is);
});
