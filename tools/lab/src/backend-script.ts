// A service's backend: answers HTTP and UDP on one port with a name. Run in a node's namespace as
// `backend-script NAME PORT [ADDRESS…]`; without addresses it answers at all of them.
import { createSocket } from "node:dgram";
import { createServer } from "node:http";
import { setPriority } from "node:os";

const [name = "?", port = "0", ...given] = process.argv.slice(2);
const addresses = given.length > 0 ? given : ["::"];

// Backends stand for a cluster's many machines: a busy test machine must not slow them all down.
setPriority(-10);

for (const own of addresses) {
  createServer((_request, response) => {
    response.writeHead(200, { connection: "close", "content-type": "text/plain" }).end(`${name}\n`);
  }).listen(Number(port), own);

  const socket = createSocket(own.includes(":") ? "udp6" : "udp4");
  socket.on("message", (message, { address, port: from }) => {
    socket.send(`${message.toString()} ${name}`, from, address);
  });
  socket.bind(Number(port), own);
}
