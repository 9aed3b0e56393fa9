export { FakeClock } from "./fake-clock.ts";
export { type LogEntry, type RecordingLogger, recordingLogger } from "./recording-logger.ts";
