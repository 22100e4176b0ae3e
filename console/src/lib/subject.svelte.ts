// One thing that a page shows, read again when its feed changes.

export class Subject<T> {
  value = $state.raw<T | undefined>();
  error = $state.raw<unknown>(null);
  #generation = 0;

  constructor(readonly fetch: () => Promise<T>) {}

  async refresh(): Promise<void> {
    const generation = ++this.#generation;
    try {
      const value = await this.fetch();
      if (generation !== this.#generation) return;
      [this.value, this.error] = [value, null];
    } catch (error) {
      if (generation === this.#generation) this.error = error;
    }
  }

  /** Show what a request has returned, which is newer than what is being read. */
  set(value: T): void {
    this.#generation += 1;
    [this.value, this.error] = [value, null];
  }
}
