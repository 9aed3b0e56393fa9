import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt } from "@heraldlb/lab";
import { writePcap } from "./pcap.ts";

/** What tshark makes of a frame. */
export interface Dissection {
  /** Every field by its display-filter name, each with its values in the order of the wire. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  /** What tshark finds wrong or odd: malformed packets and expert infos. */
  readonly complaints: readonly string[];
}

const NOT_FOUND = 127;

// In one file an address may well be at two MACs.
const OPTIONS = ["-n", "-T", "json", "--no-duplicate-keys", "-o", "arp.detect_duplicate_ips:FALSE"];

/** Has tshark dissect Ethernet frames. Fails, and says what to install, where there is no tshark. */
export async function dissect(frames: readonly Uint8Array[]): Promise<Dissection[]> {
  const folder = await mkdtemp(join(tmpdir(), "herald-codecs-"));
  try {
    const file = join(folder, "frames.pcap");
    await writeFile(file, writePcap(frames));
    const { exitCode, stdout, stderr } = await attempt("tshark", [...OPTIONS, "-r", file]);
    if (exitCode === NOT_FOUND)
      throw new Error("tshark is missing: install the Debian package tshark (npm run setup does)");
    if (exitCode !== 0) throw new Error(`tshark ended with ${exitCode}: ${stderr}`);
    const packets: readonly unknown[] = JSON.parse(stdout);
    if (packets.length !== frames.length) throw new Error(`tshark saw ${packets.length} of ${frames.length} frames`);
    return packets.map(flatten);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function flatten(packet: unknown): Dissection {
  const fields = new Map<string, string[]>();
  const complaints: string[] = [];
  visit("", packet);
  return { fields, complaints };

  function visit(name: string, value: unknown): void {
    if (name.startsWith("_ws.expert") || name.startsWith("_ws.malformed")) complaints.push(JSON.stringify(value));
    if (Array.isArray(value)) for (const item of value) visit(name, item);
    else if (typeof value === "object" && value !== null) {
      for (const [key, child] of Object.entries(value)) visit(key, child);
    } else fields.set(name, [...(fields.get(name) ?? []), String(value)]);
  }
}
