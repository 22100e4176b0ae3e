// Who is watching in this browser. Several people may share an account; each has a profile.

import { Subject } from "$/lib/subject.svelte";
import { current } from "$/services/session.svelte";
import { changeProfile, createProfile, deleteProfile, listProfiles, type Profile, type ProfileChange } from "$/services/video";

class Profiles {
  #all = new Subject(async () => (await listProfiles()).items);
  #wanted = $state<string | null>(null);
  #of = "";

  get all(): readonly Profile[] {
    return this.#all.value ?? [];
  }

  get isLoaded(): boolean {
    return this.#all.value !== undefined;
  }

  get error(): unknown {
    return this.#all.error;
  }

  /** The one that was chosen here, or the only one. */
  get chosen(): Profile | undefined {
    return this.all.find(({ profileId }) => profileId === this.#wanted) ?? (this.all.length === 1 ? this.all[0] : undefined);
  }

  async load(): Promise<void> {
    const key = storageKey();
    if (this.#of !== key) [this.#of, this.#wanted] = [key, read(key)];
    await this.#all.refresh();
  }

  choose(profileId: string): void {
    this.#wanted = profileId;
    keep(storageKey(), profileId);
  }

  async create(body: ProfileChange): Promise<void> {
    const made = await createProfile(body);
    await this.#all.refresh();
    this.choose(made.profileId);
  }

  async change({ profileId }: Profile, body: ProfileChange): Promise<void> {
    await changeProfile(profileId, body);
    await this.#all.refresh();
  }

  async remove({ profileId }: Profile): Promise<void> {
    await deleteProfile(profileId);
    await this.#all.refresh();
  }
}

function storageKey(): string {
  return `video.profile.${current.session?.organisationId ?? ""}`;
}

// Storage may be denied.
function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    return;
  }
}

export const profiles = new Profiles();
