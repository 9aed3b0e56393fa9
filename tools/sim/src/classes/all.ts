import type { FaultClass } from "../scene.ts";
import { ANYTHING_CLASSES } from "./anything.ts";
import { CONTROLLER_CLASSES } from "./controllers.ts";
import { EVERYBODY_CLASSES } from "./everybody.ts";
import { MANY_CLASSES } from "./many.ts";
import { OWNER_CLASSES } from "./owner.ts";
import { PLANNED_CLASSES } from "./planned.ts";
import { STRANGER_CLASSES } from "./strangers.ts";

/** All classes of faults. */
export const CLASSES: readonly FaultClass[] = [
  ...EVERYBODY_CLASSES,
  ...OWNER_CLASSES,
  ...CONTROLLER_CLASSES,
  ...PLANNED_CLASSES,
  ...STRANGER_CLASSES,
  ...MANY_CLASSES,
  ...ANYTHING_CLASSES,
];

/** The class called `name`; undefined if there is none. */
export const classNamed = (name: string): FaultClass | undefined => CLASSES.find((fault) => fault.name === name);
