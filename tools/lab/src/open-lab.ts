import { Lab, LabError } from "./lab.ts";
import { readRecord } from "./state.ts";

/** A lab that another process has set up. Throws a {@link LabError} if there is none. */
export function openLab(name: string): Lab {
  const record = readRecord(name);
  if (!record) throw new LabError(`There is no lab ${name}: set it up first, with \`up\`.`);
  return new Lab(record);
}
