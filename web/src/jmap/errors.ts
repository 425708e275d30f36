/** What can go wrong between the page and the server, in one class with one field to decide on. */

import type { SetError } from './types';

/** offline: no answer; expired: sign in again; request: the whole request refused; method: one call or object refused. */
export type ErrorKind = 'offline' | 'expired' | 'request' | 'method';

export class JmapError extends Error {
  constructor(
    readonly kind: ErrorKind,
    readonly type: string,
    message: string,
  ) {
    super(message);
    this.name = 'JmapError';
  }
}

const WORDS: Record<string, string> = {
  forbidden: 'You may not do that here.',
  overQuota: 'The account is full.',
  tooLarge: 'That is larger than the server allows.',
  notFound: 'It is no longer there.',
  invalidRecipients: 'The server refused a recipient.',
  noRecipients: 'There is no recipient.',
  forbiddenFrom: 'You may not send from this address.',
  mailboxHasChild: 'It still has mailboxes inside.',
  mailboxHasEmail: 'It still has messages inside.',
  rateLimit: 'Too many requests; wait a moment.',
  serverUnavailable: 'The server is busy; try again.',
};

export function setErrorText(error: SetError): string {
  return WORDS[error.type] ?? error.description ?? `The server refused it (${error.type}).`;
}

export function refused(error: SetError): JmapError {
  return new JmapError('method', error.type, setErrorText(error));
}

/** A sentence for a person; never a stack, never empty. */
export function explain(error: unknown): string {
  if (error instanceof JmapError) return error.message;
  return error instanceof Error && error.message ? error.message : 'Something went wrong.';
}
