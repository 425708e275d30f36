/** The mailboxes: order, tree, counts, and making, renaming and deleting them. */

import type { Client } from '../jmap/client';
import { refused } from '../jmap/errors';
import type { EmailSummary, Id, Mailbox } from '../jmap/types';

const ROLES = ['inbox', 'drafts', 'sent', 'archive', 'junk', 'trash'];
const NAMES: Record<string, string> = {
  inbox: 'Inbox', drafts: 'Drafts', sent: 'Sent', archive: 'Archive', junk: 'Junk', trash: 'Trash',
};

export interface Branch {
  mailbox: Mailbox;
  depth: number;
}

export class Mailboxes {
  list = $state.raw<Mailbox[]>([]);
  state = '';
  readonly byId = $derived(new Map(this.list.map((m) => [m.id, m])));
  readonly byRole = $derived(new Map(this.list.filter((m) => m.role).map((m) => [m.role!, m])));
  /** Roles first and flat, then everybody's own as a tree. */
  readonly special = $derived(ROLES.map((r) => this.byRole.get(r)).filter((m) => m !== undefined));
  readonly own = $derived(this.tree());
  readonly unread = $derived(this.byRole.get('inbox')?.unreadEmails ?? 0);

  constructor(private readonly client: Client) {}

  async load(): Promise<void> {
    const got = await this.client.call('Mailbox/get', { ids: null });
    this.list = got.list;
    this.state = got.state;
  }

  title(mailbox: Mailbox): string {
    return (mailbox.role && NAMES[mailbox.role]) || mailbox.name;
  }

  /** How the address bar calls a mailbox. */
  slug(mailbox: Mailbox): string {
    return mailbox.role && NAMES[mailbox.role] ? mailbox.role : `~${mailbox.id}`;
  }

  bySlug(slug: string): Mailbox | undefined {
    return slug.startsWith('~') ? this.byId.get(slug.slice(1)) : this.byRole.get(slug);
  }

  /** For `in:`: a role, a whole name, or the beginning of one. */
  named(name: string): Mailbox | undefined {
    const wanted = name.toLowerCase();
    const titles = this.list.map((m) => [m, this.title(m).toLowerCase()] as const);
    const aliases: Record<string, string> = { spam: 'junk', bin: 'trash' };
    return (
      this.byRole.get(aliases[wanted] ?? wanted) ??
      titles.find(([, t]) => t === wanted)?.[0] ??
      titles.find(([, t]) => t.startsWith(wanted))?.[0]
    );
  }

  /** The mailbox with this role, made when the account has none. */
  async ensure(role: string): Promise<Mailbox> {
    const found = this.byRole.get(role);
    if (found) return found;
    await this.set({ create: { new: { name: NAMES[role] ?? role, role, parentId: null } } });
    const made = this.byRole.get(role);
    if (!made) throw refused({ type: 'serverFail', description: `There is no mailbox for ${role}.` });
    return made;
  }

  create(name: string, parentId: Id | null): Promise<void> {
    return this.set({ create: { new: { name, parentId, isSubscribed: true } } });
  }

  rename(id: Id, name: string): Promise<void> {
    return this.set({ update: { [id]: { name } } });
  }

  destroy(id: Id): Promise<void> {
    return this.set({ destroy: [id] }, true);
  }

  /** Counts move with messages at once; the server's own figures replace them soon after. */
  shift(before: EmailSummary, after: EmailSummary | null): void {
    const ids = new Set([...Object.keys(before.mailboxIds), ...Object.keys(after?.mailboxIds ?? {})]);
    this.list = this.list.map((m) => {
      if (!ids.has(m.id)) return m;
      const total = Number(Boolean(after?.mailboxIds[m.id])) - Number(Boolean(before.mailboxIds[m.id]));
      const unread = unreadIn(after, m.id) - unreadIn(before, m.id);
      return { ...m, totalEmails: Math.max(0, m.totalEmails + total), unreadEmails: Math.max(0, m.unreadEmails + unread) };
    });
  }

  private async set(args: object, onDestroyRemoveEmails = false): Promise<void> {
    const result = await this.client.call('Mailbox/set', { ...args, onDestroyRemoveEmails });
    const errors = { ...result.notCreated, ...result.notUpdated, ...result.notDestroyed };
    const error = Object.values(errors)[0];
    if (error) throw refused(error);
    await this.load();
  }

  private tree(): Branch[] {
    const children = new Map<Id | null, Mailbox[]>();
    for (const m of this.list) {
      // A child of a special mailbox is shown on the top level: special ones are flat.
      const parent = m.parentId && this.byId.has(m.parentId) && !ROLES.includes(this.byId.get(m.parentId)!.role ?? '') ? m.parentId : null;
      children.set(parent, [...(children.get(parent) ?? []), m]);
    }
    const found: Branch[] = [];
    const visit = (parent: Id | null, depth: number): void => {
      const list = (children.get(parent) ?? []).filter((m) => !m.role || !ROLES.includes(m.role));
      list.sort((a, b) => a.sortOrder - b.sortOrder || a.name.localeCompare(b.name));
      for (const mailbox of list) {
        found.push({ mailbox, depth });
        visit(mailbox.id, depth + 1);
      }
    };
    visit(null, 0);
    return found;
  }
}

function unreadIn(email: EmailSummary | null, mailbox: Id): number {
  return Number(Boolean(email && email.mailboxIds[mailbox] && !email.keywords.$seen && !email.keywords.$draft));
}
