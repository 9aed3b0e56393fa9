import { Counter, Histogram, type Registry } from "prom-client";
import type { WebhookObserver } from "./webhook.ts";

/** Counts what API servers ask, in the registry. */
export function countingWebhook(registry: Registry): WebhookObserver {
  const registers = [registry];
  const requests = new Histogram({
    name: "herald_webhook_request_duration_seconds",
    help: "Requests of API servers to the webhooks, by path and HTTP status",
    labelNames: ["path", "status"],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2],
    registers,
  });
  const denied = new Counter({
    name: "herald_webhook_denied_total",
    help: "Changes of objects that the webhook has denied",
    labelNames: ["kind", "reason"],
    registers,
  });
  return {
    answered: ({ path, status, seconds }) => requests.observe({ path, status: `${status}` }, seconds),
    denied: (kind, reason) => denied.inc({ kind, reason }),
  };
}
