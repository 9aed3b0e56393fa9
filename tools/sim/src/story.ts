import {
  type ControllerEffect,
  type ControllerMessage,
  type Epoch,
  formatEpoch,
  type LogEffect,
} from "@heraldlb/election";

type Fields = LogEffect["fields"];

const WORD = ["nobody's word", "the word of a leader that is not firm", "a firm leader's word"];

const SENTENCES: Readonly<Record<string, (fields: Fields) => string>> = {
  "ownership changed": ({ group, from, to, reason, epoch, authority, rival }) =>
    `is ${to} of ${group} (was ${from}): ${reason}; epoch ${epoch}, on ${WORD[Number(authority)]}${
      rival ? `; rival ${rival}` : ""
    }`,
  "authority changed": ({ to, term }) => `answers on ${WORD[Number(to)]} from now on; term ${term}`,
  "term changed": ({ to, holder }) => `hears of term ${to}, led by ${holder}`,
  "controller stream ended": ({ replica }) => `has lost its stream to ${replica}`,
  "process was stalled": ({ stalledMs }) => `finds that it was stopped for ${stalledMs} ms`,
  "address claimed by another": ({ group, rival, node }) =>
    `${node ? `hears from ${node}` : "hears"} that ${rival} claims ${group}`,
  "stale order ignored": ({ order, group, ageMs }) => `ignores ${order} of ${group}: ${ageMs} ms old`,
  "speaker gone": ({ node, reason, owned }) => `takes ${node} for dead: ${reason}; it owned ${owned}`,
  "speaker connected": ({ node, holdings }) => `is greeted by ${node}, which holds ${holdings}`,
  "speaker said goodbye": ({ node, reason }) => `hears ${node} say goodbye: ${reason}`,
  "speaker drains": ({ node, owned }) => `is asked by ${node} to hand over its ${owned}`,
  "hand-over begun": ({ group, from, to, reason }) => `hands ${group} over from ${from} to ${to}: ${reason}`,
  leading: ({ term }) => `LEADS in term ${term}`,
  "standing by": ({ term }) => `stands by; it led in term ${term}`,
};

/** What a machine logs, as a sentence about its process. */
export function logStory({ message, fields }: LogEffect): string {
  const known = SENTENCES[message];
  if (known) return known(fields);
  const details = Object.entries(fields).map(([name, value]) => `${name} ${value}`);
  return details.length > 0 ? `${message}: ${details.join(", ")}` : message;
}

/** A decision about an owner. */
export function ownerStory({ group, node, epoch, reason }: Extract<ControllerEffect, { type: "owner" }>): string {
  return `decides: ${group} is ${node ? `${node}'s` : "nobody's"}, ${reason}; epoch ${formatEpoch(epoch)}`;
}

/** An order that a speaker reads; undefined for what comes all the time. */
export function orderStory(message: ControllerMessage): string | undefined {
  if (message.type === "reply") return undefined;
  if (message.type === "drained") return "reads that everything is handed over";
  const { type, group, epoch }: { readonly type: string; readonly group: string; readonly epoch: Epoch } = message;
  return `reads ${type} of ${group}, epoch ${formatEpoch(epoch)}`;
}
