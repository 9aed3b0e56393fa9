import * as z from "zod";
import { metadata } from "./metadata.ts";

/** The fields with which every object says what it is. */
export function identity<Version extends string, Kind extends string>(apiVersion: Version, kind: Kind) {
  return { apiVersion: z.literal(apiVersion), kind: z.literal(kind), metadata };
}
