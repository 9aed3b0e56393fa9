// A controller that never leads: says that it is listening, takes speakers' streams, and prints what they report as JSON
// lines (`Heard`).
// Arguments: the address and the port to listen on.
import { encodeResponse, Role, serveSpeakers } from "@heraldlb/api";
import { fromRequest, Reports } from "@heraldlb/controller";
import { systemClock } from "@heraldlb/runtime";
import type { Heard } from "./heard.ts";

const [address = "", port = ""] = process.argv.slice(2);
const reports = new Reports();
let streams = 0;

reports.onChange(({ groups, routes }) => {
  const heard: Heard = {
    groups: Object.fromEntries([...groups].map((id) => [id, reports.group(id)])),
    routes: Object.fromEntries([...routes].map((id) => [id, reports.route(id)])),
    sessions: [...reports.sessions()],
  };
  process.stdout.write(`${JSON.stringify(heard)}\n`);
});

await serveSpeakers(
  { address, port: Number(port), security: "insecure", clock: systemClock },
  async (stream) => {
    const id = ++streams;
    let node = "";
    for await (const message of stream.requests) {
      const request = fromRequest(message);
      if (request?.type === "greeting") node = request.hello.node;
      if (request?.type === "greeting" || request?.type === "heartbeat") {
        const { stamp } = request.type === "greeting" ? request.hello : request;
        const value = { role: Role.STANDBY, term: 0n, holder: "", firm: false, intervalMs: 100, detectionMs: 300 };
        stream.send(encodeResponse({ message: { $case: "reply", value: { ...value, echo: BigInt(stamp) } } }));
      }
      if (request?.type === "report") reports.note({ node, stream: id }, request);
      reports.endTurn();
    }
    reports.lost({ node, stream: id });
    reports.endTurn();
  },
  new AbortController().signal,
);
process.stdout.write("listening\n");
