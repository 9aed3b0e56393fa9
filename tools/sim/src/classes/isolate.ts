import type { Ways } from "../cuts.ts";
import type { SpeakerHost } from "../speaker-host.ts";

/** Cuts a speaker's node off from both networks, with carrier kept, or mends both. */
export function isolate(victim: SpeakerHost, isCut: boolean): void {
  cutManagement(victim, isCut);
  cutData(victim, isCut);
}

/** Cuts or mends what a speaker's node has of the management network. */
export function cutManagement({ cluster, host }: SpeakerHost, isCut: boolean, ways: Ways = "both"): void {
  cluster.management.cutOff(host, isCut, ways);
}

/** Cuts or mends what a speaker's node has of the service network. */
export function cutData(victim: SpeakerHost, isCut: boolean, ways: Ways = "both"): void {
  victim.cluster.segment.cutOff(victim, isCut, ways);
}
