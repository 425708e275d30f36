/** The JMAP objects the webmail reads and writes (RFC 8620, RFC 8621). */

export type Id = string;

export interface Session {
  capabilities: Record<string, Record<string, unknown>>;
  accounts: Record<Id, { name: string; isPersonal: boolean; isReadOnly: boolean }>;
  primaryAccounts: Record<string, Id>;
  username: string;
  apiUrl: string;
  downloadUrl: string;
  uploadUrl: string;
  eventSourceUrl: string;
  state: string;
}

export interface MailboxRights {
  mayReadItems: boolean;
  mayAddItems: boolean;
  mayRemoveItems: boolean;
  maySetSeen: boolean;
  maySetKeywords: boolean;
  mayCreateChild: boolean;
  mayRename: boolean;
  mayDelete: boolean;
  maySubmit: boolean;
}

export interface Mailbox {
  id: Id;
  name: string;
  parentId: Id | null;
  role: string | null;
  sortOrder: number;
  totalEmails: number;
  unreadEmails: number;
  totalThreads: number;
  unreadThreads: number;
  myRights: MailboxRights;
  isSubscribed: boolean;
}

export interface Address {
  name: string | null;
  email: string;
}

export interface BodyPart {
  partId: string | null;
  blobId: Id | null;
  size: number;
  name: string | null;
  type: string;
  charset: string | null;
  disposition: string | null;
  cid: string | null;
}

export interface BodyValue {
  value: string;
  isEncodingProblem: boolean;
  isTruncated: boolean;
}

/** What a row of the list and the collapsed line of a conversation need. */
export interface EmailSummary {
  id: Id;
  blobId: Id;
  threadId: Id;
  mailboxIds: Record<Id, true>;
  keywords: Record<string, true>;
  from: Address[] | null;
  to: Address[] | null;
  subject: string | null;
  preview: string;
  receivedAt: string;
  hasAttachment: boolean;
  size: number;
}

/** What an open message needs as well. */
export interface EmailDetail extends EmailSummary {
  sentAt: string | null;
  cc: Address[] | null;
  bcc: Address[] | null;
  replyTo: Address[] | null;
  messageId: string[] | null;
  inReplyTo: string[] | null;
  references: string[] | null;
  textBody: BodyPart[];
  htmlBody: BodyPart[];
  attachments: BodyPart[];
  bodyValues: Record<string, BodyValue>;
}

export interface Thread {
  id: Id;
  emailIds: Id[];
}

export interface Identity {
  id: Id;
  name: string;
  email: string;
  replyTo: Address[] | null;
  textSignature: string;
}

export interface SearchSnippet {
  emailId: Id;
  subject: string | null;
  preview: string | null;
}

/** RFC 8621 §4.4.1; only the conditions our search box can spell. */
export interface FilterCondition {
  inMailbox?: Id;
  inMailboxOtherThan?: Id[];
  before?: string;
  after?: string;
  minSize?: number;
  maxSize?: number;
  hasKeyword?: string;
  notKeyword?: string;
  hasAttachment?: boolean;
  text?: string;
  from?: string;
  to?: string;
  cc?: string;
  subject?: string;
  body?: string;
}

export interface FilterOperator {
  operator: 'AND' | 'OR' | 'NOT';
  conditions: Filter[];
}

export type Filter = FilterCondition | FilterOperator;

export interface SetError {
  type: string;
  description?: string | null;
  properties?: string[];
}

/** RFC 8620 §7.1. */
export interface StateChange {
  '@type': 'StateChange';
  changed: Record<Id, Record<string, string>>;
}

export const SUMMARY: (keyof EmailSummary)[] = [
  'id', 'blobId', 'threadId', 'mailboxIds', 'keywords', 'from', 'to', 'subject', 'preview', 'receivedAt',
  'hasAttachment', 'size',
];

export const DETAIL: (keyof EmailDetail)[] = [
  ...SUMMARY, 'sentAt', 'cc', 'bcc', 'replyTo', 'messageId', 'inReplyTo', 'references', 'textBody', 'htmlBody',
  'attachments', 'bodyValues',
];

export const BODY_PROPERTIES = ['partId', 'blobId', 'size', 'name', 'type', 'charset', 'disposition', 'cid'];
