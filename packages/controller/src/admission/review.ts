import { type JsonObject, objectAt, type ReviewKind, requestOf, textAt } from "./json.ts";

const ADMISSION_REVIEW: ReviewKind = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" };

/** What somebody wants to do to an object. */
export interface AdmissionRequest {
  readonly uid: string;
  /** Group and kind of the object. */
  readonly group: string;
  readonly kind: string;
  /** Empty for the object itself. */
  readonly subResource: string;
  readonly operation: string;
  readonly namespace: string;
  readonly name: string;
  /** Absent if it is to be deleted. */
  readonly object: unknown;
  /** Absent if it is to be created. */
  readonly oldObject: unknown;
  /** Nothing is to come of it. */
  readonly isDryRun: boolean;
}

/** What a webhook says to it. */
export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly warnings?: readonly string[] | undefined;
  /** Why not. */
  readonly status?: Denial | undefined;
}

/** Why something may not be done: the parts of a `Status` of Kubernetes. */
export interface Denial {
  readonly code: 400 | 403;
  readonly reason: "BadRequest" | "Forbidden";
  /** For people. */
  readonly message: string;
  readonly details: { readonly causes: readonly Cause[] };
}

/** One of several reasons. */
export interface Cause {
  /** For machines. */
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** Understands an AdmissionReview. @throws DecodeError */
export function readAdmissionReview(json: unknown): AdmissionRequest {
  const request = requestOf(json, ADMISSION_REVIEW);
  const kind = objectAt(request, "kind");
  const { object, oldObject, dryRun } = request;
  return {
    ...{ uid: textAt(request, "uid"), group: textAt(kind, "group"), kind: textAt(kind, "kind") },
    ...{ subResource: textAt(request, "subResource"), operation: textAt(request, "operation") },
    ...{ namespace: textAt(request, "namespace"), name: textAt(request, "name") },
    ...{ object: object ?? undefined, oldObject: oldObject ?? undefined, isDryRun: dryRun === true },
  };
}

/** The AdmissionReview that answers one. */
export function answerReview(response: AdmissionResponse): JsonObject {
  return { ...ADMISSION_REVIEW, response };
}
