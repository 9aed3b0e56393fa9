// A kernel that was started with `ipv6.disable=1` makes no IPv6 socket for anybody. Here a filter of system calls does that.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { heraldCommand } from "@heraldlb/lab";
import { expect, onTestFinished, test } from "vitest";

/** Fails socket(AF_INET6, …) with EAFNOSUPPORT, and becomes the command in its arguments. */
const FILTER = `
import ctypes, os, platform, struct, sys
load, if_equal, give = 0x20, 0x15, 0x06
socket = {"x86_64": 41, "aarch64": 198}[platform.machine()]
AF_INET6, EAFNOSUPPORT, ALLOW, ERRNO = 10, 97, 0x7fff0000, 0x50000
program = [(load, 0, 0, 0), (if_equal, 0, 3, socket), (load, 0, 0, 16), (if_equal, 0, 1, AF_INET6),
           (give, 0, 0, ERRNO | EAFNOSUPPORT), (give, 0, 0, ALLOW)]
steps = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
whole = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(steps)))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, whole, 0, 0) == 0
os.execvp(sys.argv[1], sys.argv[1:])`;

const LISTENS = /^(?:serving metrics|serving speakers)$/;

test.each([
  ["herald-controller", 2, (folder: string) => ["--source", `file:${folder}`, "--listen", "[::]:0"]],
  ["herald-speaker", 1, (folder: string) => ["--node", "a", "--state-dir", folder, "--controller", "127.0.0.1:1"]],
] as const)("%s that is to listen to all listens to IPv4 where there is no IPv6", async (name, ports, argsIn) => {
  const folder = await mkdtemp(join(tmpdir(), "herald-without-ipv6-"));
  const args = [...argsIn(folder), "--insecure", "--metrics", "[::]:0", "--log-format", "json"];
  const running = spawn("python3", ["-c", FILTER, heraldCommand(name), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(running, "close");
  onTestFinished(async () => {
    running.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true });
  });
  const addresses: string[] = [];
  for await (const line of createInterface(running.stdout)) {
    const { message, address = "" } = JSON.parse(line) as { readonly message: string; readonly address?: string };
    if (LISTENS.test(message)) addresses.push(address);
    expect(message).not.toBe("metrics not served, trying again");
    if (addresses.length === ports) break;
  }
  expect(addresses).toEqual(Array.from({ length: ports }, () => expect.stringMatching(/^0\.0\.0\.0:\d+$/)));
});
