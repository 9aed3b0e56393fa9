import * as z from "zod";

/**
 * A kind of `metallb.io`: the one definition that its types, its validation, its CustomResourceDefinition and its
 * reference page come from.
 *
 * In its schemas `default` is what an API server fills in, and `prefault` how Herald reads a field that is absent.
 */
export interface Definition {
  readonly kind: string;
  readonly plural: string;
  /** One sentence. */
  readonly summary: string;
  /** The stored one first. */
  readonly versions: readonly DefinedVersion[];
}

/** One version of a kind. */
export interface DefinedVersion {
  readonly name: string;
  /** What Herald reads. */
  readonly schema: z.ZodObject;
  /** What an object has besides `schema`: fields that Herald writes only, or that nobody uses. */
  readonly unread: Readonly<Record<string, z.ZodType>>;
  /** What `kubectl get` shows. */
  readonly columns: readonly PrinterColumn[];
  /** Why not to use this version any more. */
  readonly deprecation?: string;
  /** Turns what `schema` has accepted into the stored version. */
  readonly toStored?: (json: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
}

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "boolean" | "date";
  readonly jsonPath: string;
  /** Above 0: with `-o wide` only. */
  readonly priority?: number;
}

/** A field that is there without content. */
export const EMPTY: z.ZodObject = z.object({}).describe("Always empty.");
