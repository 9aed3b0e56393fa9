import * as z from "zod";
import { type Immutable, metadata } from "./metadata.ts";
import { nearest } from "./nearest.ts";

const TYPES = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] as const;

function describeType({ input }: { readonly input?: unknown }): string {
  return `must be ${TYPES.slice(0, -1).join(", ")} or ${TYPES.at(-1)}; did you mean ${nearest(String(input), TYPES)}?`;
}

/** `v1` Service: exactly the fields that Herald reads. */
export const service = z.object({
  apiVersion: z.literal("v1"),
  kind: z.literal("Service"),
  metadata,
  spec: z
    .object({
      type: z.enum(TYPES, { error: describeType }).default("ClusterIP"),
      loadBalancerClass: z.string().optional(),
      loadBalancerIP: z.string().default(""),
      clusterIP: z.string().default(""),
      clusterIPs: z.array(z.string()).default([]),
      ipFamilies: z.array(z.enum(["IPv4", "IPv6"], "must be IPv4 or IPv6")).default([]),
      ipFamilyPolicy: z
        .enum(
          ["SingleStack", "PreferDualStack", "RequireDualStack"],
          "must be SingleStack, PreferDualStack or RequireDualStack",
        )
        .default("SingleStack"),
      externalTrafficPolicy: z.enum(["Cluster", "Local"], "must be Cluster or Local").default("Cluster"),
      selector: z.record(z.string(), z.string()).default({}),
      ports: z
        .array(
          z.object({
            port: z.int().min(1, "must be 1 to 65535").max(65535, "must be 1 to 65535"),
            protocol: z.string().default("TCP"),
          }),
        )
        .default([]),
    })
    .prefault({}),
  status: z
    .object({
      loadBalancer: z.object({ ingress: z.array(z.object({ ip: z.string().optional() })).default([]) }).prefault({}),
    })
    .prefault({}),
});

/** A Kubernetes Service. */
export type Service = Immutable<z.output<typeof service>>;
