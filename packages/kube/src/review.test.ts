import { expect, test } from "vitest";
import { failureOf, startApiServer } from "./api-server.test.fixture.ts";
import { mayGet, reviewToken } from "./index.ts";

test("a token is reviewed for audiences, and told with whose it is", async () => {
  const server = await startApiServer();
  const review = reviewToken(await server.connect(), "speaker-token", ["herald"]);
  const { method, path, body, answer } = await server.next();
  expect({ method, path, body }).toEqual({
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/tokenreviews",
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token: "speaker-token", audiences: ["herald"] },
    },
  });
  const extra = { "authentication.kubernetes.io/node-name": ["node-1"] };
  const user = { username: "system:serviceaccount:herald:speaker", groups: ["g"], extra };
  answer(201, { status: { authenticated: true, user, audiences: ["herald"] } });
  expect(await review).toEqual({ authenticated: true, ...user, audiences: ["herald"], error: "" });
});

test.each([
  ["none", { status: { authenticated: false, error: "invalid" } }, "invalid"],
  ["nonsense", { status: { authenticated: "yes", user: { groups: [1], extra: "x" } } }, ""],
])("an answer of %s is no authentication", async (_, body, error) => {
  const server = await startApiServer();
  const review = reviewToken(await server.connect(), "t", []);
  (await server.next()).answer(201, body);
  expect(await review).toEqual({ authenticated: false, username: "", groups: [], extra: {}, audiences: [], error });
});

test("an answer without a status is a failure that does not name the token", async () => {
  const server = await startApiServer();
  const failure = failureOf(reviewToken(await server.connect(), "speaker-token", []));
  (await server.next()).answer(201, { spec: { token: "speaker-token" } });
  expect(await failure).toMatchObject({ name: "KubeError", message: "unreadable answer: not a TokenReview" });
});

test.each([
  [{ allowed: true }, true],
  [{ allowed: false }, false],
  [{ allowed: true, denied: true }, false],
  [{}, false],
])("whether somebody may get a URL: %j is %s", async (status, allowed) => {
  const server = await startApiServer();
  const subject = { username: "prometheus", groups: ["g"], extra: { a: ["b"] } };
  const answer = mayGet(await server.connect(), subject, "/metrics");
  const exchange = await server.next();
  exchange.answer(201, { status });
  expect(await answer).toBe(allowed);
  expect([exchange.path, exchange.body]).toEqual([
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: "prometheus",
        groups: ["g"],
        extra: { a: ["b"] },
        nonResourceAttributes: { path: "/metrics", verb: "get" },
      },
    },
  ]);
});
