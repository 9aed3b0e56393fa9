import { Random } from "./random.ts";
import { nextInput, type Target } from "./target.ts";

/** What is wrong with a codec, and how to see it again. */
export interface Finding {
  readonly problem: string;
  /** How many inputs came before this one. */
  readonly index: number;
  readonly input: Uint8Array;
}

/** What became of a target's inputs, up to the first finding. */
export interface Outcome {
  readonly decoded: number;
  readonly refused: number;
  readonly finding?: Finding;
}

/** Feeds a target that many inputs. The same seed gives the same inputs. */
export function fuzz(target: Target, inputs: number, seed: number): Outcome {
  const random = new Random(seed);
  let decoded = 0;
  for (let index = 0; index < inputs; index++) {
    const input = nextInput(target, random);
    const verdict = target.judge(input);
    if (typeof verdict === "object") {
      return { decoded, refused: index - decoded, finding: { problem: verdict.problem, index, input } };
    }
    if (verdict === "decoded") decoded += 1;
  }
  return { decoded, refused: inputs - decoded };
}
