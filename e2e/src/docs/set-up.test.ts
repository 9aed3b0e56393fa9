// Nothing may run beside these: they build anew what somebody has edited meanwhile, and the demo fails if a client of
// Herald misses more than it should.
import { test } from "vitest";
import { documentedBlocks, runBlock, setsUp } from "./blocks.fixture.ts";

test.each((await documentedBlocks()).filter(setsUp))("the block of $document at line $line runs", runBlock, 300_000);
