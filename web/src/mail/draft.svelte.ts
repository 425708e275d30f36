/** One message being written, and how it is spelled for the server. */

import type { Address, EmailDetail, Id, Identity } from '../jmap/types';
import type { Patch } from '../jmap/methods';
import { FORWARD_LINE, textToHtml } from '../text/quote';

export interface Attachment {
  key: number;
  name: string;
  type: string;
  size: number;
  blobId: Id | null;
  /** Set for a picture inside the forwarded original. */
  cid: string | null;
  progress: number;
  error: string;
  abort: AbortController | null;
}

/** A forwarded message that is passed on as it was. */
export interface Kept {
  html: string;
  text: string;
}

/** Parts our own words from the forwarded original inside a stored draft. */
const SEAM = '<!--pillarbox:kept-->';

export type SaveState = 'clean' | 'dirty' | 'saving' | 'saved' | 'failed';

export class Draft {
  to = $state<Address[]>([]);
  cc = $state<Address[]>([]);
  bcc = $state<Address[]>([]);
  subject = $state('');
  text = $state('');
  attachments = $state<Attachment[]>([]);
  kept = $state.raw<Kept | null>(null);
  identity = $state.raw<Identity | null>(null);
  saved = $state<SaveState>('clean');
  sending = $state(false);
  problem = $state('');
  /** The message in Drafts that this is; a save makes a new one and removes the old, for messages never change. */
  storedId: Id | null = null;
  inReplyTo: string[] | null = null;
  references: string[] | null = null;
  /** What is marked as answered or forwarded when this is sent. */
  answers: { email: EmailDetail; keyword: '$answered' | '$forwarded' } | null = null;
  title = $state('New message');

  get recipients(): Address[] {
    return [...this.to, ...this.cc, ...this.bcc];
  }

  get uploading(): boolean {
    return this.attachments.some((a) => a.blobId === null && !a.error);
  }

  get blank(): boolean {
    return !this.recipients.length && !this.subject.trim() && !this.text.trim() && !this.attachments.length && !this.kept;
  }

  /** The creation object of Email/set (RFC 8621 §4.6). */
  spell(draftsId: Id): Patch {
    const from = this.identity ? [{ name: this.identity.name || null, email: this.identity.email }] : null;
    const text = this.kept ? `${this.text.trimEnd()}\n\n${this.kept.text}` : this.text;
    const html = this.kept ? `${textToHtml(this.text.trimEnd())}<br>${SEAM}${this.kept.html}` : null;
    const ready = this.attachments.filter((a) => a.blobId !== null);
    return {
      mailboxIds: { [draftsId]: true },
      keywords: { $draft: true, $seen: true },
      ...(from && { from }),
      ...(this.to.length && { to: this.to }),
      ...(this.cc.length && { cc: this.cc }),
      ...(this.bcc.length && { bcc: this.bcc }),
      ...(this.inReplyTo && { inReplyTo: this.inReplyTo }),
      ...(this.references && { references: this.references }),
      subject: this.subject,
      bodyValues: { text: { value: text }, ...(html !== null && { html: { value: html } }) },
      textBody: [{ partId: 'text', type: 'text/plain' }],
      ...(html !== null && { htmlBody: [{ partId: 'html', type: 'text/html' }] }),
      ...(ready.length && { attachments: ready.map(spellAttachment) }),
    };
  }

  /** Takes up a stored draft again. */
  take(email: EmailDetail, text: string, html: string | null): void {
    this.storedId = email.id;
    this.to = email.to ?? [];
    this.cc = email.cc ?? [];
    this.bcc = email.bcc ?? [];
    this.subject = email.subject ?? '';
    this.inReplyTo = email.inReplyTo;
    this.references = email.references;
    this.text = text;
    const seam = html?.indexOf(SEAM) ?? -1;
    if (html !== null && seam >= 0) {
      const at = text.indexOf(FORWARD_LINE);
      this.kept = { html: html.slice(seam + SEAM.length), text: at >= 0 ? text.slice(at) : '' };
      this.text = at >= 0 ? text.slice(0, at).trimEnd() : text;
    }
    this.attachments = takeAttachments(email);
    this.saved = 'saved';
    this.title = 'Draft';
  }
}

function spellAttachment(a: Attachment): Patch {
  const inline = a.cid !== null;
  return { blobId: a.blobId, type: a.type, name: a.name, disposition: inline ? 'inline' : 'attachment', ...(inline && { cid: a.cid }) };
}

let nextKey = 1;

export function attachment(name: string, type: string, size: number, blobId: Id | null): Attachment {
  const abort = blobId === null ? new AbortController() : null;
  return { key: nextKey++, name, type: type || 'application/octet-stream', size, blobId, cid: null, progress: blobId ? 1 : 0, error: '', abort };
}

/** The files of a message, as attachments of another. */
export function takeAttachments(email: EmailDetail): Attachment[] {
  return email.attachments
    .filter((part) => part.blobId !== null)
    .map((part) => ({ ...attachment(part.name ?? 'attachment', part.type, part.size, part.blobId), cid: part.cid }));
}
