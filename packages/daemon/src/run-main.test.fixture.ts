// A process for the tests: does what its flags say.
import { defaulted, FatalError, oneOf, requiredList, runMain, SettingError, text, toggle } from "./index.ts";

await runMain({
  name: "herald-fixture",
  version: "1.2.3",
  description: "A process for tests.",
  options: {
    controller: requiredList("HOST:PORT", text, "whom to call"),
    behave: defaulted(
      "HOW",
      oneOf("wait", "hang", "return", "fatal", "bug", "setting", "reject"),
      "wait",
      "what to do",
    ),
    fast: toggle("hurry"),
    reviewed: toggle("have tokens reviewed"),
  },
  reviewsTokens: ({ reviewed }) => reviewed,
  async run(settings, { log, signal, security, metrics }) {
    if (settings.reviewed) metrics.protect(async (token) => (token === "right" ? "allowed" : "forbidden"));
    log.info("settings", { ...settings, big: 12345678901234567890n, security });
    switch (settings.behave) {
      case "return":
        return;
      case "fatal":
        throw new FatalError("the state folder is in use");
      case "bug":
        throw new RangeError("a bug");
      case "setting":
        throw new SettingError("--state-dir: /nowhere cannot be written");
      case "reject":
        void Promise.reject(new Error("nobody waits for this"));
    }
    if (settings.behave === "hang") signal = new AbortController().signal;
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  },
});
