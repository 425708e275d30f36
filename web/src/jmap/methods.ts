/** Arguments and results of the methods we call, so that a misspelt one does not compile (RFC 8620 §5, RFC 8621). */

import type {
  EmailSummary, Filter, Id, Identity, Mailbox, SearchSnippet, SetError, Thread,
} from './types';

export interface ResultReference {
  resultOf: string;
  name: string;
  path: string;
}

export interface GetArgs {
  ids?: Id[] | null;
  '#ids'?: ResultReference;
  properties?: readonly string[];
}

export interface EmailGetArgs extends GetArgs {
  bodyProperties?: readonly string[];
  fetchTextBodyValues?: boolean;
  fetchHTMLBodyValues?: boolean;
  maxBodyValueBytes?: number;
}

export interface GetResult<T> {
  state: string;
  list: T[];
  notFound: Id[];
}

export interface ChangesArgs {
  sinceState: string;
  maxChanges?: number;
}

export interface ChangesResult {
  oldState: string;
  newState: string;
  hasMoreChanges: boolean;
  created: Id[];
  updated: Id[];
  destroyed: Id[];
  updatedProperties?: string[] | null;
}

export interface QueryArgs {
  filter?: Filter | null;
  sort?: { property: string; isAscending: boolean }[];
  position?: number;
  limit?: number;
  calculateTotal?: boolean;
  collapseThreads?: boolean;
}

export interface QueryResult {
  queryState: string;
  canCalculateChanges: boolean;
  position: number;
  ids: Id[];
  total?: number;
}

export type Patch = Record<string, unknown>;

export interface SetArgs {
  ifInState?: string;
  create?: Record<string, Patch>;
  update?: Record<Id, Patch>;
  destroy?: Id[];
}

export interface MailboxSetArgs extends SetArgs {
  onDestroyRemoveEmails?: boolean;
}

export interface SubmissionSetArgs extends SetArgs {
  onSuccessUpdateEmail?: Record<string, Patch>;
  onSuccessDestroyEmail?: string[];
}

export interface SetResult<T> {
  oldState: string | null;
  newState: string;
  created: Record<string, T> | null;
  updated: Record<Id, Partial<T> | null> | null;
  destroyed: Id[] | null;
  notCreated: Record<string, SetError> | null;
  notUpdated: Record<Id, SetError> | null;
  notDestroyed: Record<Id, SetError> | null;
}

export interface SnippetArgs {
  filter: Filter | null;
  emailIds?: Id[];
  '#emailIds'?: ResultReference;
}

export interface Methods {
  'Mailbox/get': [GetArgs, GetResult<Mailbox>];
  'Mailbox/changes': [ChangesArgs, ChangesResult];
  'Mailbox/set': [MailboxSetArgs, SetResult<Mailbox>];
  'Thread/get': [GetArgs, GetResult<Thread>];
  'Email/get': [EmailGetArgs, GetResult<EmailSummary>];
  'Email/changes': [ChangesArgs, ChangesResult];
  'Email/query': [QueryArgs, QueryResult];
  'Email/set': [SetArgs, SetResult<{ id: Id; blobId: Id; threadId: Id; size: number }>];
  'SearchSnippet/get': [SnippetArgs, { list: SearchSnippet[]; notFound: Id[] | null }];
  'Identity/get': [GetArgs, GetResult<Identity>];
  'EmailSubmission/set': [SubmissionSetArgs, SetResult<{ id: Id }>];
}

export type MethodName = keyof Methods;
