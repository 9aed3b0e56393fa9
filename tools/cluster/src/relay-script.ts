// Lets who is outside a host's network namespace in: hands connections to a socket of the file system on to a port on the
// host's own loopback. Run in a host's namespace as `relay-script SOCKET PORT`.
import { forwarder } from "./forwarder.ts";

const [path = "", port = "0"] = process.argv.slice(2);

forwarder({ port: Number(port), host: "127.0.0.1" }).listen(path);
