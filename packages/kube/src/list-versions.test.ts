import { expect, test } from "vitest";
import { failureOf, startApiServer, statusOf } from "./api-server.test.fixture.ts";
import { listVersions } from "./index.ts";

const item = (name: string, resourceVersion: string) => ({
  metadata: { namespace: "default", name, uid: `uid-${name}`, resourceVersion },
});
const page = (items: readonly object[], token = "") => ({
  ...{ apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadataList" },
  metadata: { resourceVersion: "90", continue: token },
  items,
});
const never = new AbortController().signal;

test("asks for metadata only, page by page, as they are now", async () => {
  const server = await startApiServer();
  const versions = listVersions(await server.connect(), "/api/v1/services", never);
  const first = await server.next();
  first.answer(200, page([item("a", "7")], "more"));
  const second = await server.next();
  second.answer(200, page([item("b", "12")]));
  expect(Object.fromEntries(await versions)).toEqual({
    "default/a": { uid: "uid-a", resourceVersion: "7" },
    "default/b": { uid: "uid-b", resourceVersion: "12" },
  });
  expect(first.headers.accept).toBe("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
  // With a version the answer might be an older one.
  expect([first.query, second.query]).toEqual([{ limit: "500" }, { limit: "500", continue: "more" }]);
});

test("a page that expired is a failure with its status", async () => {
  const server = await startApiServer();
  const failure = failureOf(listVersions(await server.connect(), "/api/v1/services", never));
  (await server.next()).answer(200, page([], "more"));
  (await server.next()).answer(410, statusOf(410, "Expired"));
  expect(await failure).toMatchObject({ name: "KubeError", status: 410 });
});
