// One Service that cannot be written is nobody else's trouble.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Assignments, asking } from "./assignment.fixture.ts";

const WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

/** A policy on statuses of Services in the namespace `two`, of which the webhook is not there. */
const broken = {
  ...{ apiVersion: "admissionregistration.k8s.io/v1", kind: "ValidatingWebhookConfiguration" },
  metadata: { name: "broken" },
  webhooks: [
    {
      ...{ name: "broken.example.com", admissionReviewVersions: ["v1"], sideEffects: "None", failurePolicy: "Fail" },
      ...{ timeoutSeconds: 1, clientConfig: { url: "https://127.0.0.1:1/" } },
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "two" } },
      rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["services/status"] }],
    },
  ],
};

describe("a status that cannot be written", { timeout: 120_000 }, () => {
  let site: Assignments;

  beforeAll(async () => {
    site = await Assignments.create("k8s-refusals");
  }, 120_000);
  afterAll(() => site?.[Symbol.asyncDispose]());
  beforeEach(({ onTestFailed }) => onTestFailed(() => site.printLogs()));

  test("since a webhook of its namespace is down holds up no other Service", async () => {
    await site.pool("lab", ["192.0.2.1-192.0.2.9"]);
    await site.cluster.request("POST", WEBHOOKS, { body: broken });
    await site.service("two/first", {}, asking("192.0.2.1"));
    await site.service("two/second", {}, asking("192.0.2.2"));
    await site.service("third", {}, asking("192.0.2.3"));
    await site.are({ third: "lab 192.0.2.3", "two/first": "nothing" });
    await site.cluster.request("DELETE", `${WEBHOOKS}/broken`);
    await site.are({ "two/first": "lab 192.0.2.1", "two/second": "lab 192.0.2.2" });
  });

  test("is not even tried when a Service is no load balancer any more", async () => {
    await site.pool("lab", ["192.0.2.1-192.0.2.9"]);
    await site.service("web");
    await site.are({ web: "lab 192.0.2.4" });
    await site.change("web", { spec: { type: "ClusterIP" } });
    await site.are({ web: "nothing" });
    await site.service("other");
    await site.are({ other: "lab 192.0.2.4" });
    const refused = site.cluster.lab
      .logs()
      .split("\n")
      .filter((line) => /status refused.*one\/web/.test(line));
    expect(refused).toEqual([]);
  });
});
