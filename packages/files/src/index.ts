export { FolderError } from "./folder-error.ts";
export type { FileObject, FileProblem, FileProblemCode, Reading } from "./reading.ts";
export {
  openStateFolder,
  type StateFolder,
  type StoredStatus,
  type StoredStatuses,
  type StoredTerm,
} from "./state-folder.ts";
export { readFolder, type WatchDependencies, watchFolder } from "./watch.ts";
