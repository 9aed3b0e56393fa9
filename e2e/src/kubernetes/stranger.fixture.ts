// Dials a controller as a speaker would, with whatever it is given, and prints how that ends:
// `stranger ADDRESS SERVER-NAME NODE CA-FILE [TOKEN]`, in a host's namespace.
import { readFileSync } from "node:fs";
import { connectSpeaker } from "@heraldlb/api";
import { systemClock } from "@heraldlb/runtime";

const [, , address = "", serverName = "", node = "", caFile = "", token] = process.argv;

const stream = await connectSpeaker(
  {
    ...{ address, port: 7600, serverName, connectTimeoutMs: 10_000, setupTimeoutMs: 10_000, clock: systemClock },
    security: { ca: readFileSync(caFile, "utf8"), token },
  },
  AbortSignal.timeout(30_000),
);
const hello = { node, instance: "stranger", bootId: "b", startedAtMs: 1n, maxTerm: 0n, termHolder: "" };
const nothing = { holdingsRevision: 0n, holdings: [], links: [], appliedRevision: 0n, revisionHolder: "", stamp: 0n };
stream.send({ message: { $case: "hello", value: { ...hello, ...nothing } } });
try {
  for await (const { message } of stream.messages) {
    process.stdout.write(`let in: ${message?.$case}\n`);
    break;
  }
} catch (error) {
  process.stdout.write(`refused: ${String(error)}\n`);
}
await stream.close();
