import { type ApiMessageSpec, encodeResponseFrame, type RequestHeader } from '@headgate/wire'
import type { AnswerEdit, AnyApi, Verdict } from './api.ts'
import type { AnswerTap } from './audit/answer-tap.ts'
import { editFrame } from './passed-call.ts'
import type { AnswerMode, PendingAnswer, WholeOutcome } from './pending-answer.ts'
import type { ReadBuffer, ReadBufferPool } from './read-buffers.ts'
import type { ResponseOrder, ResponseSlot } from './response-order.ts'

/** What a forwarded call needs of its connection. */
export interface ForwardedCallContext {
  readonly header: RequestHeader
  readonly message: ApiMessageSpec
  readonly api: AnyApi
  readonly order: ResponseOrder
  readonly slot: ResponseSlot
  readonly edit: AnswerEdit<unknown> | null
  /** The request, kept where its answer may be parked; `null` where it cannot. */
  readonly request: unknown
  /** Whether something is held in the answer. */
  readonly isHolding: boolean
  readonly tap: AnswerTap | undefined
  readonly pool: ReadBufferPool
  /** Whether the decision no longer stands: another policy is in force, or its moment has passed. */
  readonly isStale: () => boolean
  /** The policy in force. */
  readonly policy: () => unknown
  /** Decides the request again, under the policy in force. */
  readonly decideAgain: (request: unknown) => Verdict<unknown, unknown> | null
  /** Ends the connection: what the broker answered can neither be sent nor be mended. */
  readonly fail: (reason: string) => void
  readonly settled: () => void
}

/** A request that went to the broker, until its answer has been handed on. */
export class ForwardedCall implements PendingAnswer {
  readonly #context: ForwardedCallContext
  #isAbandoned = false
  /** That of the decision in force. */
  #tap: AnswerTap | undefined

  constructor(context: ForwardedCallContext) {
    this.#context = context
    this.#tap = context.tap
  }

  get correlationId(): number {
    return this.#context.header.correlationId
  }

  /** Whether something is held in the answer, so that a change of rights makes it wait no longer. */
  get isHolding(): boolean {
    return this.#context.isHolding
  }

  /** Whether a part of the answer has been handed on, and another part has not. */
  get isHalfSent(): boolean {
    const { slot } = this.#context
    return slot.isStarted && !slot.isComplete
  }

  /** Whether an answer that could be parked is half sent, and would not be let through as it is any more. */
  mustBeCut(): boolean {
    const { request, decideAgain } = this.#context
    if (request === null || !this.isHalfSent) return false
    const verdict = decideAgain(request)
    return verdict?.kind !== 'forward' || verdict.edit !== null
  }

  mode(): AnswerMode {
    if (this.#isAbandoned) return 'discard'
    return this.#context.edit !== null || this.#context.isStale() ? 'whole' : 'pass'
  }

  whole(frame: Buffer): WholeOutcome | Promise<WholeOutcome> {
    const { edit, isStale } = this.#context
    if (isStale()) return this.#wholeDecidedAgain(frame)
    return edit === null ? null : this.#edited(frame, edit)
  }

  /** INVARIANT: what was decided while the edit went on is decided again: a long answer is no way around a revocation. */
  #edited(frame: Buffer, edit: AnswerEdit<unknown>): WholeOutcome | Promise<WholeOutcome> {
    const { header, message, policy, isStale, pool } = this.#context
    const [decidedBy, wasStale] = [policy(), isStale()]
    const edited = editFrame(header, message, frame, edit, pool)
    if (!(edited instanceof Promise)) return edited
    return edited.then((outcome) => {
      if (this.#isAbandoned) return undefined
      const stands = decidedBy === policy() && wasStale === isStale()
      return stands ? outcome : this.#wholeDecidedAgain(frame)
    })
  }

  #wholeDecidedAgain(frame: Buffer): WholeOutcome | Promise<WholeOutcome> {
    const { header, message, fail } = this.#context
    const verdict = this.#context.decideAgain(this.#context.request)
    this.#tap?.dropped()
    this.#tap = verdict?.kind === 'forward' ? verdict.tap : undefined
    if (verdict?.kind === 'answer' || verdict?.kind === 'wait') {
      return encodeResponseFrame(header.apiKey, header.apiVersion, header.correlationId, (writer) =>
        message.encodeResponse(writer, verdict.response as never, header.apiVersion),
      )
    }
    if (verdict?.kind === 'forward') return verdict.edit === null ? null : this.#edited(frame, verdict.edit)
    fail('access ended while the broker worked')
    return undefined
  }

  pass(chunk: Buffer, start: number, end: number, isLast: boolean, lease: ReadBuffer | null): void {
    this.#tap?.push(chunk, start, end)
    this.#context.order.pass(this.#context.slot, chunk, start, end, isLast, lease)
    if (isLast) this.#tap?.handedOn()
    if (isLast) this.#context.settled()
  }

  replace(frame: Buffer): void {
    this.#tap?.handedOn()
    this.#context.order.answer(this.#context.slot, frame)
    this.#context.settled()
  }

  lost(): void {}

  /**
   * Answers a parked request ahead of the broker, whose answer is dropped when it comes.
   *
   * Returns `false` when it cannot be answered, and the connection has to be cut.
   */
  endParked(): boolean {
    const { api, header, message, request, slot } = this.#context
    if (slot.isStarted || api.atSessionEnd === undefined || request === null) return !this.isHalfSent
    const response = api.atSessionEnd(request)
    this.#isAbandoned = true
    this.#tap?.dropped()
    this.#tap = undefined
    this.replace(
      encodeResponseFrame(header.apiKey, header.apiVersion, header.correlationId, (writer) =>
        message.encodeResponse(writer, response as never, header.apiVersion),
      ),
    )
    return true
  }
}
