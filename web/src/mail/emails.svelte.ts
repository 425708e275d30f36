/** What is known of messages and threads. Values are replaced, never changed in place, so that undoing is keeping the old one. */

import { SvelteMap } from 'svelte/reactivity';
import type { Client } from '../jmap/client';
import { SUMMARY, type EmailSummary, type Id, type Thread } from '../jmap/types';

/** Bounds the memory of a tab left open for weeks. */
const MOST = 20_000;

export class Emails {
  readonly byId = new SvelteMap<Id, EmailSummary>();
  readonly threads = new SvelteMap<Id, Id[]>();

  get(id: Id | undefined): EmailSummary | undefined {
    return id === undefined ? undefined : this.byId.get(id);
  }

  put(list: EmailSummary[]): void {
    for (const email of list) this.byId.set(email.id, { ...this.byId.get(email.id), ...email });
  }

  putThreads(list: Thread[]): void {
    for (const thread of list) this.threads.set(thread.id, thread.emailIds);
  }

  /** The messages of a thread that are known, oldest first. */
  ofThread(threadId: Id): EmailSummary[] {
    const ids = this.threads.get(threadId) ?? [];
    return ids.map((id) => this.byId.get(id)).filter((e) => e !== undefined);
  }

  forget(ids: Id[]): void {
    for (const id of ids) {
      const email = this.byId.get(id);
      this.byId.delete(id);
      if (!email) continue;
      const rest = (this.threads.get(email.threadId) ?? []).filter((other) => other !== id);
      if (rest.length) this.threads.set(email.threadId, rest);
      else this.threads.delete(email.threadId);
    }
  }

  get crowded(): boolean {
    return this.byId.size > MOST;
  }

  /** Drops all but the threads in `keep`. */
  prune(keep: Set<Id>): void {
    for (const [id, email] of this.byId) if (!keep.has(email.threadId)) this.byId.delete(id);
    for (const id of this.threads.keys()) if (!keep.has(id)) this.threads.delete(id);
  }

  /** Reads messages afresh, and the threads they belong to, in requests the server accepts. */
  async fetch(client: Client, ids: Id[]): Promise<void> {
    for (let i = 0; i < ids.length; i += client.maxObjectsInGet) {
      const batch = client.batch();
      const emails = batch.add('Email/get', { ids: ids.slice(i, i + client.maxObjectsInGet), properties: SUMMARY });
      const threads = batch.add('Thread/get', { '#ids': emails.ref('/list/*/threadId') });
      await batch.send();
      const got = await emails.result;
      this.put(got.list);
      this.forget(got.notFound);
      this.putThreads((await threads.result).list);
    }
  }
}
