import { formatObjectId, type ObjectProblem } from "@heraldlb/config";
import {
  concernsController,
  isConfigurationError,
  type LabelledNode,
  nodeConcern,
  type WrittenConfiguration,
} from "./configuration-problem.ts";
import type { DesiredCondition, TargetedStatus } from "./desired-status.ts";
import { labelValue, objectName } from "./short-name.ts";

/** Whose configuration it is. */
export interface ConfigurationStateInput extends WrittenConfiguration {
  /** Herald's own. */
  readonly namespace: string;
  /** Nodes with a speaker. */
  readonly nodes: readonly LabelledNode[];
}

const MOST_LINES = 20;
const LONGEST_LINE = 1_000;

/**
 * A ConfigurationState for the controller and one for each node with a speaker. The controller's tells of pools and
 * communities, a node's of everything that matters to the node, and of what its speaker could not apply.
 */
export function configurationStates(input: ConfigurationStateInput): TargetedStatus[] {
  const { namespace, nodes, configuration } = input;
  const errors = configuration.problems.filter(isConfigurationError);
  const concerns = nodeConcern(input);
  const state = (name: string, labels: Readonly<Record<string, string>>, condition: DesiredCondition) => ({
    target: { kind: "ConfigurationState", namespace, name } as const,
    labels,
    status: statusOf(condition),
  });
  return [
    state(
      "controller",
      { "metallb.io/component-type": "controller" },
      conditionOf("poolReconcilerValid", errors.filter(concernsController).map(lineOf)),
    ),
    ...nodes.map((node) =>
      state(
        objectName(`speaker-${node.name}`),
        { "metallb.io/component-type": "speaker", "metallb.io/node-name": labelValue(node.name) },
        conditionOf("configReconcilerValid", [
          ...errors.filter((problem) => concerns(problem, node)).map(lineOf),
          ...(node.failures ?? []).map(failureLine),
        ]),
      ),
    ),
  ];
}

function statusOf(condition: DesiredCondition): TargetedStatus["status"] {
  if (condition.status === "True") return { result: "Valid", conditions: [condition] };
  return { result: "Invalid", errorSummary: condition.message, conditions: [condition] };
}

function conditionOf(type: string, errors: readonly string[]): DesiredCondition {
  if (errors.length === 0) return { type, status: "True", reason: "Reconciled", message: "" };
  const lines = [...new Set(errors)].toSorted();
  const shown = lines.slice(0, MOST_LINES);
  if (shown.length < lines.length) shown.push(`and ${lines.length - shown.length} more`);
  const message = `configuration error: ${shown.join("\n")}`;
  return { type, status: "False", reason: "ConfigurationError", message };
}

function lineOf({ id, path, message }: ObjectProblem): string {
  const place = [id && formatObjectId(id), path].filter(Boolean).join(" ");
  return shortened(place ? `${place}: ${message}` : message);
}

const failureLine = ({ group, message }: NonNullable<LabelledNode["failures"]>[number]): string =>
  shortened(`the speaker could not apply ${group}: ${message}`);

/** Half a character is none: an API server would store another one, which would be put right again and again. */
const shortened = (line: string): string => line.slice(0, LONGEST_LINE).toWellFormed();
