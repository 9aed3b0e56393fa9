// The demo says what a client of Herald misses, and fails if that is more than it should be: nothing may run beside it.
import { test } from "vitest";
import { documentedBlocks, isDemo, runBlock } from "./blocks.fixture.ts";

test.each((await documentedBlocks()).filter(isDemo))("the block of $document at line $line runs", runBlock, 300_000);
