/** The receiver's word; the status is what counts. */
export interface Answer {
  readonly status: number;
  /** What the answer begins with, fit to be stored. */
  readonly answer: string;
}

/** Why there is no answer. The receiver may have read the message all the same. */
export interface NoAnswer {
  readonly failure: SendingFailure;
  /** For the endpoint's owner, fit to be stored. */
  readonly detail: string;
}

export type SendingFailure =
  | 'target_not_allowed'
  | 'name_not_resolved'
  | 'connection_failed'
  | 'tls_failed'
  | 'answer_unreadable'
  | 'timeout'
  | 'stopped';

/** What became of one attempt, and how long it took. */
export type SendingOutcome = (Answer | NoAnswer) & { readonly ms: number };

/** How far an attempt has come. */
export type SendingStage = 'resolving' | 'connecting' | 'securing' | 'waiting';

/** How much of an answer is read and kept. */
export const excerptBytes = 1_024;

/** Whether the receiver has taken the message: any status from 200 to 299. */
export function isDelivered(outcome: Answer | NoAnswer): boolean {
  return 'status' in outcome && outcome.status >= 200 && outcome.status < 300;
}

/** The first bytes of an answer as text that PostgreSQL can hold: no NUL, no broken characters, none cut in two. */
export function excerptOf(chunks: readonly Buffer[]): string {
  const bytes = Buffer.concat(chunks).subarray(0, excerptBytes);
  // As of a stream that goes on, so that a character of which the rest is missing is left out.
  return new TextDecoder().decode(bytes, { stream: true }).replaceAll('\0', '\ufffd');
}

/** What an error of the network means, by how far the attempt had come. */
export function explainError(error: NodeJS.ErrnoException, stage: SendingStage): NoAnswer {
  const isBeforeConnection = stage === 'resolving' || stage === 'connecting';
  // Errors of the resolver and of sockets have codes; the agent's refusal of an address has none. Its words are not
  // passed on: they tell strangers how names resolve in here.
  if (isBeforeConnection && error.code === undefined) {
    return { failure: 'target_not_allowed', detail: 'The host name resolves to an address that is not public.' };
  }
  // Certificates have names in them that whoever made them chose.
  const detail = excerptOf([Buffer.from(error.message || `${error.code}`)]);
  if (stage === 'resolving') return { failure: 'name_not_resolved', detail };
  if (stage === 'securing') return { failure: 'tls_failed', detail };
  if (error.code?.startsWith('HPE_')) return { failure: 'answer_unreadable', detail };
  return { failure: 'connection_failed', detail };
}
