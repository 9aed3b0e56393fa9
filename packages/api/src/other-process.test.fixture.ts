// A process of its own at one end of a stream, for tests that kill it: `server`, or `client PORT`.
import { dial, echo, heartbeat, serve } from "./stream.test.fixture.ts";

const [role, port] = process.argv.slice(2);

if (role === "server") {
  const server = await serve(echo);
  process.stdout.write(`${server.port}\n`);
} else {
  const stream = await dial({ port: Number(port) });
  stream.send(heartbeat(1));
  for await (const _ of stream.messages);
}
