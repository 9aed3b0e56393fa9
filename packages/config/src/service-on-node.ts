import * as z from "zod";
import { immutable } from "./rule.ts";

const fixed = () => immutable(z.string(), "Value is immutable").optional();

/** What both kinds of Service status begin with. */
export const serviceOnNode = {
  node: fixed().describe("Node that announces the Service."),
  serviceName: fixed().describe("Name of the Service."),
  serviceNamespace: fixed().describe("Namespace of the Service."),
};
