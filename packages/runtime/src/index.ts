export { afterBursts } from "./after-bursts.ts";
export { type BackoffPolicy, backoff } from "./backoff.ts";
export { type Clock, systemClock } from "./clock.ts";
export { formatDuration, parseDuration } from "./duration.ts";
export { type LogFields, type Logger, type LogLevel, silentLogger } from "./logger.ts";
export { Mailbox } from "./mailbox.ts";
export { RecurrentLog } from "./recurrent-log.ts";
