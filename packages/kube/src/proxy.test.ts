import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { kubeconfigTo, startApiServer, writeKubeconfig } from "./api-server.test.fixture.ts";

/** What a proxy was asked to connect to. */
type Asked = string[];

test.each([
  ["http", startHttpProxy],
  ["socks5", startSocksProxy],
])("an API server is reached through the %s proxy of its cluster", async (scheme, start) => {
  const server = await startApiServer();
  const asked: Asked = [];
  const port = await start(asked);
  const kubeconfig = kubeconfigTo(server.url, { token: "secret-token" }) as ReturnType<typeof kubeconfigTo> & {
    readonly clusters: readonly [{ readonly cluster: Record<string, unknown> }];
  };
  kubeconfig.clusters[0].cluster["proxy-url"] = `${scheme}://127.0.0.1:${port}`;
  const kube = await server.connect({ kubeconfig: await writeKubeconfig(kubeconfig) });

  const answer = kube.request("GET", "/x");
  const exchange = await server.next();
  exchange.answer(200, { kind: "Thing" });
  expect(await answer).toEqual({ kind: "Thing" });
  expect(exchange.headers.authorization).toBe("Bearer secret-token");
  expect(asked).toEqual([new URL(server.url).host]);

  const opened = kube.stream("/watch", { signal: new AbortController().signal });
  (await server.next()).send("one");
  expect(await (await opened)[Symbol.asyncIterator]().next()).toEqual({ done: false, value: ["one"] });
});

async function startHttpProxy(asked: Asked): Promise<number> {
  const proxy = createServer();
  proxy.on("connect", ({ url = "" }, socket: Socket) => {
    asked.push(url);
    join(socket, url, () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
  });
  return await listen(proxy);
}

/** RFC 1928 without authentication, for IPv4 addresses. */
async function startSocksProxy(asked: Asked): Promise<number> {
  const proxy = createTcpServer((socket) => {
    socket.once("data", () => {
      socket.write(Uint8Array.of(5, 0));
      socket.once("data", (request) => {
        const target = `${request.subarray(4, 8).join(".")}:${request.readUInt16BE(8)}`;
        asked.push(target);
        join(socket, target, () => socket.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)));
      });
    });
  });
  return await listen(proxy);
}

function join(socket: Socket, target: string, then: () => void): void {
  const { hostname, port } = new URL(`tcp://${target}`);
  const upstream = connect(Number(port), hostname, () => {
    then();
    socket.pipe(upstream).pipe(socket);
  });
  for (const end of [socket, upstream]) {
    end.on("error", () => {});
    onTestFinished(() => {
      end.destroy();
    });
  }
}

async function listen(proxy: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    proxy.close();
  });
  return (proxy.address() as AddressInfo).port;
}
