import type { Cluster } from "./cluster.ts";
import type { ControllerHost } from "./controller-host.ts";
import type { SpeakerHost } from "./speaker-host.ts";

/**
 * Whether a leader could give a group to somebody now: it is past its start and its graces, and hears a fit speaker.
 *
 * Reads the controller's state behind its accessors: the excuses for a gap are what its own rules call one.
 */
export function canBeMended(cluster: Cluster): boolean {
  const { leader, now, controllerTimers } = cluster;
  if (!leader) return false;
  const { massAt, quietUntil, leadingSince, awaited, speakers } = leader.state;
  const detectionMs = controllerTimers.intervalMs * controllerTimers.misses;
  if (now - massAt < controllerTimers.graceMs || now < quietUntil || now < leadingSince + detectionMs) return false;
  if (now < leadingSince + controllerTimers.startHoldMs + detectionMs && awaited.size > 0) return false;
  // Mass silence: nobody is judged, on purpose.
  const limit = detectionMs + 2 * controllerTimers.intervalMs;
  for (const { live, last, closedAt } of speakers.values()) {
    if (live && now - Math.max(last, closedAt ?? 0) > limit) return false;
  }
  return cluster.speakers.some((speaker) => isFit(speaker, leader));
}

function isFit(speaker: SpeakerHost, controller: ControllerHost): boolean {
  const { state, cluster } = controller;
  const view = state.speakers.get(speaker.node);
  const { intervalMs } = cluster.controllerTimers;
  if (!view?.live || view.stream === undefined || view.draining || cluster.now - view.last >= 2 * intervalMs)
    return false;
  if (view.instance !== `${speaker.name}/${speaker.life}`) return false;
  return speaker.hasCarrier && !speaker.isMute && speaker.state.maxTerm <= state.term && canTalk(speaker, controller);
}

/** Whether what the two say to each other gets through now. */
export function canTalk(speaker: SpeakerHost, { host, cluster }: ControllerHost): boolean {
  return speaker.isRunning && !speaker.isMainThreadHung && cluster.management.reachesBothWays(speaker.host, host);
}
