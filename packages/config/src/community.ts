import * as z from "zod";
import { type Definition, EMPTY } from "./definition.ts";
import { identity } from "./identity.ts";
import type { Immutable } from "./metadata.ts";

const community = z.object({
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

/** The one definition of `metallb.io` Community. */
export const COMMUNITY: Definition = {
  kind: "Community",
  plural: "communities",
  summary: "Names for BGP communities.",
  versions: [
    {
      name: "v1beta1",
      schema: community,
      unread: { status: EMPTY.optional() },
      columns: [],
    },
  ],
};
