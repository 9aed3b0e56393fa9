// Sends a UDP probe to each target at a fixed interval and prints what becomes of them, one line each:
//   s TARGET SEQUENCE MS       sent          (TARGET: position on the command line; MS: `monotonicMs()`)
//   r TARGET SEQUENCE MS NAME  answered by NAME
// Run in a client's namespace as `prober-script INTERVAL-MS PORT TARGET…`. SIGTERM: no more probes; the end comes when
// all are answered, at the latest after a second.
import { createSocket } from "node:dgram";
import { setPriority } from "node:os";
import { systemClock } from "@heraldlb/runtime";
import { monotonicMs } from "./monotonic.ts";

const LAST_ANSWER_MS = 1000;

const [interval = "10", port = "80", ...targets] = process.argv.slice(2);
const intervalMs = Number(interval);
let open = 0;
let sequence = 0;
let stopping = false;

// The observer goes before what it observes, or it would measure itself.
setPriority(-15);

const sockets = targets.map((target, index) => {
  const socket = createSocket(target.includes(":") ? "udp6" : "udp4");
  const answered = new Set<string>();
  socket.on("message", (message) => {
    const now = monotonicMs();
    const [answeredSequence = "", name = ""] = message.toString().split(" ");
    if (answered.has(answeredSequence)) return;
    answered.add(answeredSequence);
    open -= 1;
    process.stdout.write(`r ${index} ${answeredSequence} ${now.toFixed(3)} ${name}\n`);
    if (stopping && open === 0) process.exit();
  });
  return { socket, target, index };
});

function tick(due: number): void {
  if (stopping) return;
  let lines = "";
  for (const { socket, target, index } of sockets) {
    open += 1;
    lines += `s ${index} ${sequence} ${monotonicMs().toFixed(3)}\n`;
    // No route, no neighbour: the probe is lost, and that is what is being measured.
    socket.send(`${sequence}`, Number(port), target, () => {});
  }
  process.stdout.write(lines);
  sequence += 1;
  // Slots that were missed stay missed: a burst would count one hold-up as several probes.
  const now = monotonicMs();
  const next = due + intervalMs * Math.max(1, Math.ceil((now - due) / intervalMs));
  systemClock.timer(next - now, () => tick(next));
}

process.on("SIGTERM", () => {
  stopping = true;
  if (open === 0) process.exit();
  systemClock.timer(LAST_ANSWER_MS, () => process.exit());
});

tick(monotonicMs());
