// BFD sessions of the speaker's in a process of their own. Standard input: a line of JSON for each list of desired
// sessions, `statistics`, or `close`. Standard output: a line for each report, with the time. With the argument
// `preferred` the kernel prefers it to other processes.
import { randomInt } from "node:crypto";
import { createInterface } from "node:readline";
import { openFrameSocket } from "@heraldlb/link";
import { type LogFields, type Logger, type LogLevel, systemClock } from "@heraldlb/runtime";
import { BfdSessions, type DesiredSession, preferThisThread, udpNetwork } from "@heraldlb/speaker";
import { monotonicMs } from "./monotonic.ts";

const MILLION = 1_000_000;

const line = (level: LogLevel) => (message: string, fields?: LogFields) =>
  process.stderr.write(`${JSON.stringify({ at: monotonicMs(), level, message, ...fields })}\n`);

const log: Logger = {
  debug: line("debug"),
  info: line("info"),
  warn: line("warn"),
  error: line("error"),
  child: () => log,
};

if (process.argv[2] === "preferred") preferThisThread(log);

const sessions = new BfdSessions({
  clock: systemClock,
  log,
  network: udpNetwork,
  openFrames: openFrameSocket,
  random: () => randomInt(MILLION * MILLION) / (MILLION * MILLION),
  onReport: (report) => tell({ type: "report", report }),
});

createInterface({ input: process.stdin }).on("line", (text) => {
  if (text === "statistics") tell({ type: "statistics", statistics: sessions.statistics() });
  else if (text === "close") void sessions.close().then(() => process.exit());
  else sessions.apply(JSON.parse(text) as readonly DesiredSession[]);
});
tell({ type: "ready" });

function tell(message: object): void {
  process.stdout.write(`${JSON.stringify({ at: monotonicMs(), ...message })}\n`);
}
