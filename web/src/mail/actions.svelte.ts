/** What a person does to conversations: shown at once, undone with a message when the server refuses. */

import type { Client } from '../jmap/client';
import { explain, refused } from '../jmap/errors';
import type { Patch } from '../jmap/methods';
import type { EmailSummary, Id, Mailbox } from '../jmap/types';
import type { Emails } from './emails.svelte';
import type { MessageList } from './list.svelte';
import type { Mailboxes } from './mailboxes.svelte';
import type { Toasts } from './toasts.svelte';

/** One message as it will be; null when it is destroyed. */
interface Change {
  before: EmailSummary;
  after: EmailSummary | null;
  patch: Patch;
}

export class Actions {
  constructor(
    private readonly client: Client,
    private readonly emails: Emails,
    private readonly mailboxes: Mailboxes,
    private readonly list: MessageList,
    private readonly toasts: Toasts,
    /** The mailbox on screen; undefined while searching. */
    private readonly here: () => Mailbox | undefined,
  ) {}

  /** The messages of conversations that an action means: those in the mailbox on screen, all when searching. */
  private meant(threads: Iterable<Id>): EmailSummary[] {
    const here = this.here();
    const all = [...threads].flatMap((t) => this.emails.ofThread(t));
    return here ? all.filter((e) => e.mailboxIds[here.id]) : all;
  }

  async keyword(emails: EmailSummary[], keyword: string, on: boolean): Promise<void> {
    const changes = emails
      .filter((e) => Boolean(e.keywords[keyword]) !== on)
      .map((before): Change => {
        const keywords = { ...before.keywords };
        if (on) keywords[keyword] = true;
        else delete keywords[keyword];
        return { before, after: { ...before, keywords }, patch: { [`keywords/${keyword}`]: on || null } };
      });
    await this.apply(changes);
  }

  /** Read goes for the whole conversation; unread for its newest message only, which is what brings it back. */
  markRead(threads: Id[], on: boolean): Promise<void> {
    const emails = on ? threads.flatMap((t) => this.emails.ofThread(t)) : threads.flatMap((t) => this.meant([t]).slice(-1));
    return this.keyword(emails, '$seen', on);
  }

  star(threads: Id[], on: boolean): Promise<void> {
    const emails = on ? threads.flatMap((t) => this.meant([t]).slice(-1)) : threads.flatMap((t) => this.emails.ofThread(t));
    return this.keyword(emails, '$flagged', on);
  }

  async archive(threads: Id[]): Promise<void> {
    await this.toRole(threads, 'archive', 'Archived');
  }

  /** To the trash; from the trash for good. */
  async remove(threads: Id[]): Promise<void> {
    if (this.here()?.role === 'trash') return this.destroy(threads);
    await this.toRole(threads, 'trash', 'Moved to Trash');
  }

  async junk(threads: Id[]): Promise<void> {
    if (this.here()?.role === 'junk') await this.toRole(threads, 'inbox', 'Marked as not junk');
    else await this.toRole(threads, 'junk', 'Moved to Junk');
  }

  async move(threads: Id[], target: Mailbox, said = `Moved to ${this.mailboxes.title(target)}`): Promise<void> {
    const here = this.here();
    if (target.id === here?.id) return;
    const changes = this.meant(threads)
      .filter((e) => !(e.mailboxIds[target.id] && Object.keys(e.mailboxIds).length === 1))
      .map((before): Change => {
        const mailboxIds = here ? { ...before.mailboxIds } : {};
        if (here) delete mailboxIds[here.id];
        mailboxIds[target.id] = true;
        return { before, after: { ...before, mailboxIds }, patch: { mailboxIds } };
      });
    if (!changes.length) return;
    const count = threads.length === 1 ? '' : `: ${threads.length} conversations`;
    const done = this.apply(changes, here ? new Set(threads) : undefined);
    const toast = this.toasts.show(said + count, { label: 'Undo', run: () => void this.undo(done, changes) });
    if (!(await done)) this.toasts.close(toast);
  }

  private async toRole(threads: Id[], role: string, said: string): Promise<void> {
    try {
      await this.move(threads, await this.mailboxes.ensure(role), said);
    } catch (error) {
      this.toasts.error(explain(error));
    }
  }

  private async destroy(threads: Id[]): Promise<void> {
    const changes = this.meant(threads).map((before): Change => ({ before, after: null, patch: {} }));
    if (await this.apply(changes, new Set(threads))) this.toasts.show('Deleted for good');
  }

  /** Puts messages back into the mailboxes they were in. */
  private async undo(done: Promise<boolean>, changes: Change[]): Promise<void> {
    if (!(await done)) return;
    const back = changes.map(({ before, after }): Change => {
      const now = this.emails.get(before.id) ?? after ?? before;
      return { before: now, after: { ...now, mailboxIds: before.mailboxIds }, patch: { mailboxIds: before.mailboxIds } };
    });
    if (await this.apply(back)) this.toasts.say('Undone');
    this.list.refresh();
  }

  /** The one way: change the screen, ask the server, keep or take back. */
  private async apply(changes: Change[], leaving?: Set<Id>): Promise<boolean> {
    if (!changes.length) return true;
    const release = this.list.hold();
    const restore = leaving ? this.list.remove(leaving) : () => undefined;
    for (const change of changes) this.put(change.before, change.after);
    try {
      const failed = await this.send(changes);
      for (const { before, after } of failed) this.put(after ?? before, before);
      if (failed.length) restore();
      return failed.length === 0;
    } catch (error) {
      for (const { before, after } of changes) this.put(after ?? before, before);
      restore();
      this.toasts.error(`${explain(error)} Nothing was changed.`);
      return false;
    } finally {
      release();
    }
  }

  private put(from: EmailSummary, to: EmailSummary | null): void {
    this.mailboxes.shift(from, to);
    if (to) this.emails.put([to]);
  }

  /** Gives back what was refused. */
  private async send(changes: Change[]): Promise<Change[]> {
    const most = this.client.maxObjectsInSet;
    if (changes.length <= most) return this.sendSome(changes);
    return [...(await this.sendSome(changes.slice(0, most))), ...(await this.send(changes.slice(most)))];
  }

  private async sendSome(changes: Change[]): Promise<Change[]> {
    const result = await this.client.call('Email/set', {
      update: Object.fromEntries(changes.filter((c) => c.after).map((c) => [c.before.id, c.patch])),
      destroy: changes.filter((c) => !c.after).map((c) => c.before.id),
    });
    this.emails.forget(result.destroyed ?? []);
    const errors = { ...result.notUpdated, ...result.notDestroyed };
    // A message that is gone already needs no message about it.
    const failed = changes.filter((c) => errors[c.before.id] && errors[c.before.id]!.type !== 'notFound');
    if (failed.length) this.toasts.error(refused(errors[failed[0]!.before.id]!).message);
    return failed;
  }
}
