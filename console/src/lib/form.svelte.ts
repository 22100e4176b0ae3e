// Sending a form: busy while it is sent, then the server's word about it, at the field that it names.

import { RefusedError } from "$/services/http";

export class Form {
  isBusy = $state(false);
  error = $state.raw<unknown>(null);

  /** The server's word about one field. */
  errorOf(field: string): string | undefined {
    if (!(this.error instanceof RefusedError) || this.error.problem.field !== field) return undefined;
    const { detail, remedy } = this.error.problem;
    return remedy ? `${detail} ${remedy}` : detail;
  }

  /** What belongs to none of these fields. */
  generalError(...fields: string[]): unknown {
    return fields.some((field) => this.errorOf(field)) ? null : this.error;
  }

  /** Send; returns whether it was accepted. */
  async send(request: () => Promise<unknown>): Promise<boolean> {
    if (this.isBusy) return false;
    [this.isBusy, this.error] = [true, null];
    try {
      await request();
      return true;
    } catch (error) {
      this.error = error;
      return false;
    } finally {
      this.isBusy = false;
    }
  }
}
