import * as z from "zod";
import type { Definition } from "./definition.ts";
import { identity } from "./identity.ts";
import { int64 } from "./integer.ts";
import type { Immutable } from "./metadata.ts";

const TYPE =
  /^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$/;

const condition = z.object({
  type: z.string().max(316).regex(TYPE).describe("What it is about, in CamelCase."),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe("Why, as one word for programs."),
  message: z.string().max(32_768).describe("Why, for people."),
  lastTransitionTime: z.iso.datetime({ offset: true }).describe("When the status last changed."),
  observedGeneration: int64()
    .min(0)
    .optional()
    .describe("metadata.generation of the object that the condition was found for."),
});

const configurationState = z.object({
  ...identity("metallb.io/v1beta1", "ConfigurationState"),
  status: z
    .object({
      result: z.enum(["Valid", "Invalid", "Unknown"]).optional().describe("What the conditions come to."),
      errorSummary: z.string().prefault("").describe("Messages of the conditions that report an error, one a line."),
      conditions: z
        .array(condition)
        .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] })
        .prefault([])
        .describe("What each part of the process found."),
    })
    .prefault({}),
});

/** Whether a controller or a speaker could take the configuration. */
export type ConfigurationState = Immutable<z.output<typeof configurationState>>;

/** The one definition of `metallb.io` ConfigurationState. */
export const CONFIGURATION_STATE: Definition = {
  kind: "ConfigurationState",
  plural: "configurationstates",
  summary: "Says whether a controller or a speaker could take the configuration. Herald writes it.",
  versions: [
    {
      name: "v1beta1",
      schema: configurationState,
      unread: {},
      columns: [
        { name: "Result", type: "string", jsonPath: ".status.result" },
        { name: "ErrorSummary", type: "string", jsonPath: ".status.errorSummary" },
        { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
      ],
    },
  ],
};
