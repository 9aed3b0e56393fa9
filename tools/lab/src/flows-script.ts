// Sends one UDP datagram to TARGET from each of COUNT ports, and prints who answered, one line each: `PORT NAME`.
// Run in a client's namespace as `flows-script TARGET PORT COUNT`. Unanswered ones are sent again, and given up in the
// end.
import { createSocket } from "node:dgram";
import { systemClock } from "@heraldlb/runtime";

// Below those that the kernel gives to sockets of others.
const FIRST_PORT = 20_000;
const AGAIN_MS = 250;
const TRIES = 8;

const [target = "", port = "80", count = "0"] = process.argv.slice(2);

for (let number = 0; number < Number(count); number += 1) flow(FIRST_PORT + number);

function flow(from: number): void {
  const socket = createSocket(target.includes(":") ? "udp6" : "udp4");
  const end = (line: string): void => {
    process.stdout.write(line);
    socket.close();
    resend[Symbol.dispose]();
  };
  let resend = systemClock.timer(0, () => send(TRIES));
  const send = (left: number): void => {
    if (left === 0) {
      end("");
      return;
    }
    // No route, no neighbour: it is as lost as one that is not answered.
    socket.send("flow", Number(port), target, () => {});
    resend = systemClock.timer(AGAIN_MS, () => send(left - 1));
  };
  socket.once("message", (message) => end(`${from} ${message.toString().split(" ")[1]}\n`));
  socket.bind(from);
}
