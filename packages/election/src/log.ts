/** A line for the log: the message is constant, what varies is in the fields. Both machines return it as an effect. */
export interface LogEffect {
  readonly type: "log";
  readonly level: "debug" | "info" | "warn";
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number | boolean>>;
}
