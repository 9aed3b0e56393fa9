export {
  type ConversionWebhook,
  type CrdOptions,
  type CrdVersion,
  type CustomResourceDefinition,
  crds,
} from "./crd.ts";
export type { Defaults, StructuralSchema } from "./structural-schema.ts";
