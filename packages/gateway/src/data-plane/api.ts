import type { AnswerTap } from './audit/answer-tap.ts'
import type { Call } from './call.ts'

/** Overwrites four bytes of a request where they stand, so that the rest of its bytes go on untouched. */
export interface Int32Patch {
  /** Bytes from the start of the request's body. */
  readonly bodyOffset: number
  readonly value: number
}

/**
 * Changes an answer in place; `false` says that it left it as it was, so that its bytes go on unchanged. A promise says so
 * later: the answer stays the edit's until then, and what comes behind it waits. A function is called once the answer has been
 * encoded, and is not looked at any more.
 */
export type AnswerEdit<Response> = (response: Response) => unknown

/** A request that goes to the broker. */
export interface ForwardVerdict<Request, Response> {
  readonly kind: 'forward'
  /** The request to send in its place; `null` sends the client's own bytes. */
  readonly request: Request | null
  readonly patches: readonly Int32Patch[]
  /** Changes the broker's answer before the client gets it; `null` hands its bytes on unread. */
  readonly edit: AnswerEdit<Response> | null
  /** Whether a change of rights makes the answer wait no longer, since something is held in it. */
  readonly isHolding?: boolean
  /** Sees what the client is given of the answer. */
  readonly tap?: AnswerTap
  /** Called when the request is on its way. */
  readonly onSent?: () => void
  /** Called when it is not sent after all: it was decided again, or its client's session ended, before it could be. */
  readonly onDropped?: () => void
  /** Whether the broker sends no answer: nothing is expected then, for a slot would shift later answers. */
  readonly isUnanswered?: boolean
}

/** What becomes of one request. */
export type Verdict<Request, Response> =
  | ForwardVerdict<Request, Response>
  | { readonly kind: 'answer'; readonly response: Response }
  /** Answers by then, without asking the broker; earlier when rights change, so that the client asks again. */
  | { readonly kind: 'wait'; readonly response: Response; readonly maxWaitMs: number }
  | { readonly kind: 'close'; readonly reason: string }

const NO_PATCHES: readonly Int32Patch[] = Object.freeze([])

/** Sends the client's bytes as they are; the answer comes back as it is, or through `edit`. */
export function forward<Request, Response>(
  edit: AnswerEdit<Response> | null = null,
): ForwardVerdict<Request, Response> {
  return { kind: 'forward', request: null, patches: NO_PATCHES, edit }
}

/** Sends the client's bytes with some integers overwritten. */
export function forwardPatched<Request, Response>(
  patches: readonly Int32Patch[],
  edit: AnswerEdit<Response> | null = null,
): Verdict<Request, Response> {
  return { kind: 'forward', request: null, patches, edit }
}

/** Sends another request in place of the client's. */
export function forwardInstead<Request, Response>(
  request: Request,
  edit: AnswerEdit<Response> | null = null,
): ForwardVerdict<Request, Response> {
  return { kind: 'forward', request, patches: NO_PATCHES, edit }
}

/** Answers without asking the broker. */
export function answer<Request, Response>(response: Response): Verdict<Request, Response> {
  return { kind: 'answer', response }
}

/** Answers without asking the broker, as late as the client lets a broker wait. */
export function waitThenAnswer<Request, Response>(response: Response, maxWaitMs: number): Verdict<Request, Response> {
  return { kind: 'wait', response, maxWaitMs }
}

/** Ends the connection, for requests that have no answer or no honest meaning. */
export function close<Request, Response>(reason: string): Verdict<Request, Response> {
  return { kind: 'close', reason }
}

/**
 * One Kafka API as the gateway offers it: its versions, and what it asks of policy.
 *
 * `decide` must be total on the answer: given the broker's full answer, `edit` removes whatever the principal may not
 * have now and adds the denied parts, so that it can be decided again when policy changed while the broker worked.
 */
export interface Api<Request, Response> {
  readonly apiKey: number
  /** The versions offered, within what the broker offers. */
  readonly minVersion: number
  readonly maxVersion: number
  /** Whether the broker may keep the answer waiting, so that the decision is taken again before it is sent. */
  readonly parks?: boolean
  /** The answer for a request that is still parked when the client's session ends, or when something else wakes it. */
  atSessionEnd?(request: Request): Response
  decide(call: Call, request: Request): Verdict<Request, Response> | Promise<Verdict<Request, Response>>
}

/** An API whose message types are known only to itself. */
export type AnyApi = Api<unknown, unknown>

/** Gives an API the type that the table of APIs holds; its codec is found by its key, so the two always fit. */
export function defineApi<Request, Response>(api: Api<Request, Response>): AnyApi {
  return Object.freeze(api) as AnyApi
}
