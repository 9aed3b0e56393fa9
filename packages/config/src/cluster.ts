import * as z from "zod";
import { type Immutable, metadata } from "./metadata.ts";

/** `discovery.k8s.io/v1` EndpointSlice: exactly the fields that Herald reads. */
export const endpointSlice = z.object({
  apiVersion: z.literal("discovery.k8s.io/v1"),
  kind: z.literal("EndpointSlice"),
  metadata,
  endpoints: z
    .array(
      z.object({
        addresses: z.array(z.string()).default([]),
        nodeName: z.string().optional(),
        conditions: z.object({ ready: z.boolean().optional(), serving: z.boolean().optional() }).prefault({}),
      }),
    )
    .default([]),
});

/** Where some of a Service's backends run, and whether they can serve. */
export type EndpointSlice = Immutable<z.output<typeof endpointSlice>>;

/** `v1` Node: exactly the fields that Herald reads. */
export const node = z.object({
  apiVersion: z.literal("v1"),
  kind: z.literal("Node"),
  metadata,
  status: z
    .object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]) })
    .prefault({}),
});

/** A Kubernetes Node. */
export type Node = Immutable<z.output<typeof node>>;

/** `v1` Namespace: exactly the fields that Herald reads. */
export const namespace = z.object({
  apiVersion: z.literal("v1"),
  kind: z.literal("Namespace"),
  metadata,
});

/** A Kubernetes Namespace. */
export type Namespace = Immutable<z.output<typeof namespace>>;
