import { once } from "node:events";
import { existsSync } from "node:fs";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { type Host, scriptCommand, until } from "@heraldlb/lab";
import { forwarder } from "./forwarder.ts";

/** A way from outside a lab to a port of one of its hosts. */
export class Relay {
  /** A socket of the file system that stands for the port. */
  readonly socketPath: string;
  #server: Server | undefined;

  /** Use {@link startRelay}. */
  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  /** A port on this process's loopback that stands for the host's, for who cannot use the socket. */
  async port(): Promise<number> {
    if (!this.#server) {
      this.#server = forwarder({ path: this.socketPath });
      // Whoever forgets to close it shall end all the same.
      this.#server.listen(0, "127.0.0.1").unref();
    }
    if (!this.#server.listening) await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  /** Stops listening on the loopback. */
  close(): void {
    this.#server?.close();
  }
}

/** Lets who is outside the lab reach a TCP port on a host's loopback. */
export async function startRelay(host: Host, port: number): Promise<Relay> {
  const socketPath = join(host.folder, `port-${port}.sock`);
  host.start(scriptCommand("relay-script", [socketPath, `${port}`], import.meta.url), { name: `relay-${port}` });
  await until(`the relay to port ${port} listened`, () => existsSync(socketPath));
  return new Relay(socketPath);
}
