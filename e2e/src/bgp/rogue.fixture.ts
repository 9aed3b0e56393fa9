// Routers that do not behave. Each of them, on a port of its own, accepts a session, says what it was told to, and prints
// a line of JSON (`RogueLine`) for each message that it is sent, and for the end of the connection.
// The argument is JSON (`Rogue[]`).
import { createServer } from "node:net";
import { decodeMessage, encodeMessage, INITIAL_CODEC_OPTIONS, MessageSplitter, notificationCodes } from "@heraldlb/bgp";
import type { Rogue, RogueLine } from "./rogue-protocol.ts";

const KEEPALIVE = encodeMessage({ type: "keepalive" }, INITIAL_CODEC_OPTIONS);

function print(line: RogueLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const bytesOf = (hexadecimal: string): Uint8Array =>
  Uint8Array.from(hexadecimal.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

for (const { port, open, established } of JSON.parse(process.argv[2] ?? "[]") as Rogue[]) {
  createServer((socket) => {
    const splitter = new MessageSplitter(65_535);
    let hasSaidIt = false;
    socket.on("error", () => {});
    socket.on("close", () => print({ port, type: "closed" }));
    socket.on("data", (chunk) => {
      splitter.push(chunk);
      for (let bytes = splitter.next(); bytes; bytes = splitter.next()) {
        const message = decodeMessage(bytes, { ...INITIAL_CODEC_OPTIONS, fourByteAs: true });
        const codes = message.type === "notification" ? notificationCodes(message) : undefined;
        print({ port, type: message.type, ...codes });
        if (message.type === "open") socket.write(bytesOf(open));
        if (message.type !== "keepalive") continue;
        // The first one confirms the session, and is confirmed; the others keep it.
        socket.write(KEEPALIVE);
        if (!hasSaidIt) socket.write(bytesOf(established));
        hasSaidIt = true;
      }
    });
  }).listen(port);
}
