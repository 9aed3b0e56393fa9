// The process that captures for the `pcap` backend. Its parent replaces it after a link flap, which leaves a pcap
// session silently deaf, and ends it instead of closing the session, which leaks.
import { writeSync } from "node:fs";
import { createRequire } from "node:module";
import { endianness } from "node:os";
import {
  type CaptureCounters,
  type CaptureFailure,
  type CaptureSettings,
  concat,
  decodeJson,
  encodeCounters,
  encodeJson,
  encodeMessage,
  FROM_HELPER,
  MessageSplitter,
  type PipeMessage,
  TO_HELPER,
} from "./pcap-wire.ts";

/** What is used of the npm package `pcap`, which has no types of its own that fit. */
interface Pcap {
  warningHandler: (text: string) => void;
  createSession(device: string, options: object): PcapSession;
}

interface PcapSession {
  on(event: "packet", listener: (packet: { readonly buf: Uint8Array; readonly header: Uint8Array }) => void): void;
  stats(): { readonly ps_drop: number };
  inject(frame: Uint8Array): void;
}

// Enough for neighbour discovery with options, and small, because each frame occupies that much of the buffer.
const SNAP_LENGTH = 512;
const FLUSH_BYTES = 32_768;
const STDOUT = 1;
const LITTLE_ENDIAN = endianness() === "LE";

const splitter = new MessageSplitter();
let session: PcapSession | undefined;
let pending: Uint8Array[] = [];
let pendingBytes = 0;
let reportedDrops = 0;
let oversized = 0;
let unsent = 0;

process.stdin.on("data", (piece: Uint8Array) => splitter.push(piece).forEach(obey));
process.stdin.on("end", () => process.exit(0));

function obey({ type, payload }: PipeMessage): void {
  switch (type) {
    case TO_HELPER.configure:
      capture(decodeJson<CaptureSettings>(payload));
      break;
    case TO_HELPER.frame:
      inject(payload);
      break;
    case TO_HELPER.count:
      write(encodeCounters(counters()));
  }
}

function capture({ interface: device, expression, bufferBytes }: CaptureSettings): void {
  const pcap = loadPcap();
  try {
    session = pcap.createSession(device, {
      filter: expression,
      buffer_size: bufferBytes,
      snap_length: SNAP_LENGTH,
      // Anything else means that frames wait.
      buffer_timeout: 0,
      promiscuous: false,
    });
  } catch (error) {
    fail(classify(String(error)));
  }
  session.on("packet", ({ buf, header }) => take(buf, header));
  write(encodeMessage(FROM_HELPER.ready));
}

function loadPcap(): Pcap {
  try {
    const pcap = createRequire(import.meta.url)("pcap") as Pcap;
    pcap.warningHandler = () => {};
    return pcap;
  } catch (error) {
    const remedy = String(error).includes("pcap_binding")
      ? "is not compiled for this Node: run `npm run setup`, or `npm rebuild pcap` (needs libpcap-dev and a C++ compiler)"
      : "is not installed: `npm install pcap@3.1.0` (needs libpcap-dev and a C++ compiler)";
    return fail({ code: "unavailable", message: `the npm package pcap ${remedy}` });
  }
}

function classify(message: string): CaptureFailure {
  if (/permission|permitted/i.test(message)) return { code: "permission", message };
  if (/no such device/i.test(message)) return { code: "gone", message };
  return { code: "system", message };
}

/** Takes a frame of the session's buffer. Called many times before the event loop gets its turn, under load forever. */
function take(buf: Uint8Array, header: Uint8Array): void {
  const fields = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const [captured, length] = [fields.getUint32(8, LITTLE_ENDIAN), fields.getUint32(12, LITTLE_ENDIAN)];
  if (length > captured) {
    oversized++;
    return;
  }
  if (pending.length === 0) setImmediate(flush);
  const message = encodeMessage(FROM_HELPER.frame, buf.subarray(0, captured));
  pending.push(message);
  pendingBytes += message.length;
  if (pendingBytes >= FLUSH_BYTES) flush();
}

function flush(): void {
  const messages = pending;
  pending = [];
  pendingBytes = 0;
  const current = counters();
  if (current.dropped !== reportedDrops) messages.push(encodeCounters(current));
  reportedDrops = current.dropped;
  if (messages.length > 0) write(concat(...messages));
}

function inject(frame: Uint8Array): void {
  try {
    session?.inject(frame);
  } catch {
    unsent++;
  }
}

const counters = (): CaptureCounters => ({ dropped: session?.stats().ps_drop ?? 0, oversized, unsent });

function fail(failure: CaptureFailure): never {
  write(encodeJson(FROM_HELPER.failure, failure));
  process.exit(1);
}

/**
 * Writes everything before it returns. While the parent does not read, this blocks, the kernel's buffer fills, and
 * what is lost is counted there.
 */
function write(bytes: Uint8Array): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(STDOUT, bytes, at);
  } catch {
    // The parent is gone.
    process.exit(0);
  }
}
