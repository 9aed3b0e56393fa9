export { FolderError } from "./folder-error.ts";
export { readManifests } from "./read-manifests.ts";
export type { FileObject, FileProblem, FileProblemCode, Reading } from "./reading.ts";
export {
  openStateFolder,
  type StateFolder,
  type StoredFreedList,
  type StoredStatuses,
  type StoredTerm,
} from "./state-folder.ts";
export type { StoredFreed } from "./stored-freed.ts";
export type { StoredStatus } from "./stored-status.ts";
export { readFolder, type WatchDependencies, watchFolder } from "./watch.ts";
export { formatManifests } from "./yaml-text.ts";
