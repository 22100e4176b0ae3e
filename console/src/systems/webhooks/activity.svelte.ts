// What the overview shows of webhooks: the latest events and dead letters, and what they say about the last hour.

import { Listing } from "$/lib/listing.svelte";
import { listJobs, type Job } from "$/services/jobs";
import { listDeadLetters, listEvents, type DeadLetter, type EventSummary } from "$/services/webhooks";

export class Activity {
  events = new Listing<EventSummary>((cursor) => listEvents({}, cursor, 100), (event) => event.eventId);
  letters = new Listing<DeadLetter>((cursor) => listDeadLetters({}, cursor, 100), (letter) => letter.deliveryId);
  jobs = new Listing<Job>((cursor) => listJobs(undefined, cursor, 20), (job) => job.jobId);

  async refresh(): Promise<void> {
    await Promise.all([this.events.refresh(), this.letters.refresh(), this.jobs.refresh()]);
  }

  /** The jobs that go on by themselves, or wait. */
  get jobsUnderWay(): Job[] {
    return this.jobs.items.filter((job) => ["queued", "running", "waiting", "retrying"].includes(job.state));
  }
}
