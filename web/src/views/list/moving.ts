/** The entries of a “Move to” menu. */

import { app } from '../../mail/app.svelte';
import type { Mailbox } from '../../jmap/types';
import { ICONS, type IconName } from '../../theme/icons';
import type { Item } from '../parts/Menu.svelte';

export function moveItems(run: (mailbox: Mailbox) => void): Item[] {
  const flat = app.mailboxes.special.filter((m) => m.role !== 'drafts' && m.role !== 'sent').map((mailbox) => ({ mailbox, depth: 0 }));
  return [...flat, ...app.mailboxes.own]
    .filter(({ mailbox }) => mailbox.id !== app.mailbox?.id && mailbox.myRights.mayAddItems)
    .map(({ mailbox, depth }) => ({
      label: app.mailboxes.title(mailbox),
      icon: mailbox.role && mailbox.role in ICONS ? (mailbox.role as IconName) : 'mailbox',
      depth,
      run: () => run(mailbox),
    }));
}
