import { z } from "zod";
import { identity } from "./identity.ts";
import type { Immutable } from "./metadata.ts";

/** `metallb.io/v1beta1` Community: the one definition of it. */
export const community = z.object({
  ...identity("metallb.io/v1beta1", "Community"),
  spec: z
    .object({
      communities: z
        .array(
          z.object({
            name: z.string().prefault("").describe("The alias that BGPAdvertisements use."),
            value: z
              .string()
              .prefault("")
              .describe("What it stands for: 65000:100, or large:65000:1:2 for a large community."),
          }),
        )
        .prefault([])
        .describe("Aliases of BGP communities."),
    })
    .prefault({}),
});

/** Names for BGP communities. */
export type Community = Immutable<z.output<typeof community>>;
