import type { GroupId, SavedGroup, SavedOwnership, SpeakerEffect } from "@heraldlb/election";

/** A speaker's state folder: it outlives the process, and the boot. */
export class StateFolder {
  readonly #groups = new Map<GroupId, SavedGroup>();
  #saved: Omit<SavedOwnership, "groups"> | undefined;

  save(bootId: string, { maxTerm, termHolder, saved, forgotten }: Extract<SpeakerEffect, { type: "persist" }>): void {
    for (const group of saved) this.#groups.set(group.id, group);
    for (const id of forgotten) this.#groups.delete(id);
    this.#saved = { bootId, maxTerm, termHolder };
  }

  /** The disk is another one. */
  wipe(): void {
    this.#groups.clear();
    this.#saved = undefined;
  }

  /** What a process finds at its start; groups of another boot are forgotten. */
  load(bootId: string): SavedOwnership | undefined {
    if (!this.#saved) return undefined;
    const saved = { ...this.#saved, groups: [...this.#groups.values()] };
    if (saved.bootId !== bootId) this.#groups.clear();
    return saved;
  }
}
