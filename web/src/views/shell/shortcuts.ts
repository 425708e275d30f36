/** The keyboard, as one table that both the handler and the `?` page read. */

import { app } from '../../mail/app.svelte';
import type { EmailDetail, Id } from '../../jmap/types';
import { ui } from './ui.svelte';

export interface Shortcut {
  keys: string[];
  does: string;
  group: 'Moving' | 'Acting' | 'Writing' | 'Elsewhere';
  run: (event: KeyboardEvent) => void;
}

/** The selected conversations, or the one the keyboard stands on. */
export function targets(): Id[] {
  if (app.list.selected.size) return [...app.list.selected];
  const one = app.route.place.thread || app.list.cursor;
  return one ? [one] : [];
}

/** Acts on conversations that leave the list, and moves on to the next one. */
export function leave(threads: Id[], act: (threads: Id[]) => Promise<void>): void {
  if (!threads.length) return;
  const reading = app.route.place.thread;
  const next = neighbour(threads);
  const inList = Boolean(document.activeElement?.closest('[role=grid]'));
  app.attempt(act(threads));
  app.list.selected.clear();
  if (!threads.includes(app.list.cursor) && !threads.includes(reading)) return;
  app.list.cursor = next;
  if (reading && threads.includes(reading)) app.route.go({ thread: wide() ? next : '' }, true);
  if (inList || (reading && !wide())) focusRow();
}

/** Back from a conversation to its row. */
export function closeThread(): void {
  app.route.go({ thread: '' });
  focusRow();
}

function focusRow(): void {
  requestAnimationFrame(() => {
    const index = app.list.indexOf(app.list.cursor);
    if (index >= 0) document.dispatchEvent(new CustomEvent('pillarbox:row', { detail: index }));
  });
}

function wide(): boolean {
  return matchMedia('(min-width: 720px)').matches;
}

function neighbour(threads: Id[]): Id {
  const from = app.list.indexOf(threads[0]!);
  if (from < 0) return '';
  for (let i = from; i < Math.min(app.list.total, from + 200); i++) {
    const row = app.list.at(i);
    if (row && !threads.includes(row.threadId)) return row.threadId;
  }
  for (let i = from; i >= 0; i--) {
    const row = app.list.at(i);
    if (row && !threads.includes(row.threadId)) return row.threadId;
  }
  return '';
}

/** Moves the cursor, and the reader with it when it is open. */
export function step(by: number): void {
  const now = app.list.indexOf(app.list.cursor);
  const to = now < 0 ? 0 : now + by;
  const row = app.list.at(to);
  if (!row || to < 0 || to >= app.list.total) return;
  app.list.cursor = row.threadId;
  document.dispatchEvent(new CustomEvent('pillarbox:row', { detail: to }));
  if (app.route.place.thread) app.route.go({ thread: row.threadId }, true);
}

function openCursor(): void {
  const row = app.list.at(app.list.indexOf(app.list.cursor));
  if (row) app.openRow(row);
}

function back(): void {
  if (ui.drawer) ui.drawer = false;
  else if (app.list.selected.size) app.list.selected.clear();
  else if (app.route.place.thread) closeThread();
  else if (app.route.place.search) app.route.go({ mailbox: 'inbox', search: '' });
}

function latest(): EmailDetail | undefined {
  return app.conversation.messages.findLast((m) => !m.keywords.$draft);
}

function answer(run: (email: EmailDetail) => Promise<void>): void {
  const email = latest();
  if (email) app.attempt(run(email));
}

function toggle(keyword: '$flagged'): void {
  const threads = targets();
  const on = !threads.some((t) => app.emails.ofThread(t).some((e) => e.keywords[keyword]));
  app.attempt(app.actions.star(threads, on));
}

function select(): void {
  const id = app.list.cursor;
  if (id && !app.list.selected.delete(id)) app.list.selected.add(id);
}

function unread(): void {
  const threads = targets();
  app.attempt(app.actions.markRead(threads, false));
  if (app.route.place.thread) app.route.go({ thread: '' });
}

export const SHORTCUTS: Shortcut[] = [
  { keys: ['j', 'ArrowDown'], does: 'Next conversation', group: 'Moving', run: () => step(1) },
  { keys: ['k', 'ArrowUp'], does: 'Previous conversation', group: 'Moving', run: () => step(-1) },
  { keys: ['Enter', 'o'], does: 'Open', group: 'Moving', run: openCursor },
  { keys: ['u', 'Escape'], does: 'Back to the list; clear selection', group: 'Moving', run: back },
  { keys: ['/'], does: 'Search', group: 'Moving', run: () => document.getElementById('search')?.focus() },
  { keys: ['i'], does: 'Inbox', group: 'Moving', run: () => app.route.go({ mailbox: 'inbox', search: '', thread: '' }) },
  { keys: ['x'], does: 'Select', group: 'Acting', run: select },
  { keys: ['e'], does: 'Archive', group: 'Acting', run: () => leave(targets(), (t) => app.actions.archive(t)) },
  { keys: ['#', 'Delete'], does: 'Delete', group: 'Acting', run: () => leave(targets(), (t) => app.actions.remove(t)) },
  { keys: ['!'], does: 'Junk, or not junk', group: 'Acting', run: () => leave(targets(), (t) => app.actions.junk(t)) },
  { keys: ['s'], does: 'Star', group: 'Acting', run: () => toggle('$flagged') },
  { keys: ['I'], does: 'Mark as read', group: 'Acting', run: () => app.attempt(app.actions.markRead(targets(), true)) },
  { keys: ['U'], does: 'Mark as unread', group: 'Acting', run: unread },
  { keys: ['v'], does: 'Move to…', group: 'Acting', run: () => moveMenu()?.click() },
  { keys: ['z'], does: 'Undo', group: 'Acting', run: () => app.toasts.runLatest() },
  { keys: ['c'], does: 'Compose', group: 'Writing', run: () => app.attempt(app.composer.write()) },
  { keys: ['r'], does: 'Reply', group: 'Writing', run: () => answer((e) => app.composer.reply(e, false)) },
  { keys: ['a'], does: 'Reply to all', group: 'Writing', run: () => answer((e) => app.composer.reply(e, true)) },
  { keys: ['f'], does: 'Forward', group: 'Writing', run: () => answer((e) => app.composer.forward(e)) },
  { keys: ['?'], does: 'This page', group: 'Elsewhere', run: () => void (ui.help = !ui.help) },
];

function moveMenu(): HTMLElement | undefined {
  return Array.from(document.querySelectorAll<HTMLElement>('[data-testid=move]')).find((e) => e.offsetParent !== null);
}

const BY_KEY = new Map(SHORTCUTS.flatMap((s) => s.keys.map((k) => [k, s] as const)));

export function handleKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = event.target as HTMLElement;
  if (at.closest('input, textarea, select, [contenteditable], [role=menu], [role=dialog]')) return;
  // An open dialog has the keyboard, wherever the focus is.
  if (document.querySelector('dialog[open]')) return;
  // Enter on a button or link presses it.
  if (event.key === 'Enter' && at.closest('button, a, summary')) return;
  if (app.login.state !== 'in') return;
  const found = BY_KEY.get(event.key);
  if (!found) return;
  // In an open conversation the arrows scroll it.
  if (event.key.startsWith('Arrow') && !at.closest('[role=grid]')) return;
  event.preventDefault();
  found.run(event);
}
