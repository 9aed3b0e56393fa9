import { KubeError } from "./kube-error.ts";
import { isRecord } from "./kube-object.ts";

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
  const status = isRecord(value) ? value : {};
  const code = typeof status["code"] === "number" ? status["code"] : fallback;
  const reason = typeof status["reason"] === "string" ? status["reason"] : "";
  const message = typeof status["message"] === "string" ? oneLine(status["message"]) : "";
  const details = isRecord(status["details"]) ? status["details"] : {};
  const seconds = details["retryAfterSeconds"];
  return new KubeError([what, [code, reason].join(" ").trim(), message].filter(Boolean).join(": "), {
    status: code,
    reason,
    retryAfterMs: retryAfterMs ?? (typeof seconds === "number" && seconds > 0 ? seconds * 1_000 : undefined),
  });
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").slice(0, LONGEST_MESSAGE);
