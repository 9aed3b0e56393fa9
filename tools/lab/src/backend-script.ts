// A service's backend: answers HTTP and UDP on one port with a name. Run in a node's namespace as
// `backend-script NAME PORT`.
import { createSocket } from "node:dgram";
import { createServer } from "node:http";
import { setPriority } from "node:os";

const [name = "?", port = "0"] = process.argv.slice(2);

// Backends stand for a cluster's many machines: a busy test machine must not slow them all down.
setPriority(-10);

createServer((_request, response) => {
  response.writeHead(200, { connection: "close", "content-type": "text/plain" }).end(`${name}\n`);
}).listen(Number(port), "::");

const socket = createSocket("udp6");
socket.on("message", (message, { address, port: from }) => {
  socket.send(`${message.toString()} ${name}`, from, address);
});
socket.bind(Number(port), "::");
