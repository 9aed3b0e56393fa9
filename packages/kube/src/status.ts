import { KubeError } from "./kube-error.ts";
import { fieldsOf } from "./kube-object.ts";

const LONGEST_MESSAGE = 500;

/** The error that a Status object stands for; `fallback` is the HTTP status of an answer that is no Status. */
export function errorOfStatus(
  value: unknown,
  {
    what,
    fallback,
    retryAfterMs,
  }: { readonly what: string; readonly fallback: number; readonly retryAfterMs?: number | undefined },
): KubeError {
  const { code, reason: givenReason, message, details } = fieldsOf(value);
  const { retryAfterSeconds: seconds } = fieldsOf(details);
  const status = typeof code === "number" ? code : fallback;
  const reason = typeof givenReason === "string" ? givenReason : "";
  const text = typeof message === "string" ? oneLine(message) : "";
  return new KubeError([what, `${status} ${reason}`.trim(), text].filter(Boolean).join(": "), {
    status,
    reason,
    retryAfterMs: retryAfterMs ?? (typeof seconds === "number" && seconds > 0 ? seconds * 1_000 : undefined),
  });
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").slice(0, LONGEST_MESSAGE);
