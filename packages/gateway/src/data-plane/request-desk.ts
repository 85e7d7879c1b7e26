import {
  type ApiMessageSpec,
  apiMessage,
  type DecodedRequestHeader,
  encodeRequestFrame,
  encodeResponseFrame,
  Reader,
} from '@headgate/wire'
import type { ConnectionOrigin } from '../control-port.ts'
import type { AnswerEdit, AnyApi, Verdict } from './api.ts'
import type { AccessLog } from './audit/access-log.ts'
import { Call } from './call.ts'
import type { ClientSignIn } from './client-sign-in.ts'
import type { ClientState } from './client-state.ts'
import { ClientProtocolError, NotSignedInError, SessionExpiredError } from './errors.ts'
import { ForwardedCall } from './forwarded-call.ts'
import { PassedCall } from './passed-call.ts'
import type { PlaneContext } from './plane-context.ts'
import type { PrincipalPolicy } from './policy-view.ts'
import type { ReadBuffer } from './read-buffers.ts'
import type { Span } from './request-input.ts'
import { RequestReports } from './request-reports.ts'
import type { ResponseOrder } from './response-order.ts'
import type { Upstream } from './upstream.ts'
import { requestUpstream } from './upstream-request.ts'
import { WaitingAnswers } from './waiting-answer.ts'

/** Elements of one request that become objects: more partitions than a cluster has, and little enough to keep others waiting. */
const MAX_ELEMENTS = 250_000
/** What the desk needs of its connection. */
export interface DeskContext {
  readonly plane: PlaneContext
  readonly origin: ConnectionOrigin
  readonly order: ResponseOrder
  readonly signIn: ClientSignIn
  readonly state: ClientState
  readonly access: AccessLog
  /** The connection to the broker, begun with the first request that needs it. */
  readonly upstream: (clientId: string) => Upstream
  /** Stops the taking of requests until `work` is through; its failure ends the connection. */
  readonly wait: (work: Promise<unknown>) => void
  /** Ends the connection. */
  readonly fail: (cause: unknown) => void
  /** Tells that the broker cannot take more bytes for now. */
  readonly onFull: () => void
  /** Tells that an answer was given outside of the taking of requests. */
  readonly onAnswered: () => void
}

/**
 * Decides requests one by one, and forwards or answers them.
 *
 * Bytes that go on unchanged are gathered, so that neighbours in one chunk leave in one write.
 */
export class RequestDesk {
  readonly #context: DeskContext
  readonly #forwarded = new Set<ForwardedCall>()
  readonly #waiting = new WaitingAnswers()
  #policy: PrincipalPolicy | null = null
  #run: { bytes: Buffer; start: number; end: number; lease: ReadBuffer | null } | null = null

  constructor(context: DeskContext) {
    this.#context = context
  }

  /** Whether there is a trail. */
  get keepsTrail(): boolean {
    return this.#context.access.keepsTrail
  }

  /** Bytes of answers that wait for their time. */
  get waitingBytes(): number {
    return this.#waiting.bytes
  }

  /** The policy by which requests are decided; `null` before the sign-in. */
  get policy(): PrincipalPolicy | null {
    return this.#policy
  }

  /**
   * Takes the policy in force for the signed-in principal; requests from here on are decided by it. What waits for rights
   * is answered, so that the client asks again.
   */
  refreshPolicy(): void {
    const signIn = this.#context.signIn.current
    if (signIn === null) return
    const policy = this.#context.plane.policy.policyFor(signIn.principal)
    if (policy === this.#policy) return
    this.#policy = policy
    this.#waiting.wake()
    for (const forwarded of [...this.#forwarded]) if (forwarded.isHolding) forwarded.endParked()
  }

  /** Takes the policy anew where a rule has begun or ended to apply since, and nobody has told of it yet. */
  refreshIfDue(): void {
    if (this.#policy !== null && !this.#context.plane.policy.isValid(this.#policy)) this.refreshPolicy()
  }

  /** Decodes a whole frame and does what its API says. */
  take(api: AnyApi, header: DecodedRequestHeader, span: Span): void {
    const message = apiMessage(header.apiKey)
    const reader = new Reader(span.bytes, header.bodyOffset, span.end)
    reader.elementsLeft = MAX_ELEMENTS
    const request = message.decodeRequest(reader, header.apiVersion)
    reader.expectEnd()
    // A field that nobody has decided on could change what the request means to a newer broker.
    if (reader.hasUnknownTags) {
      throw new ClientProtocolError({
        message: 'client: a tagged field that the version does not define',
        details: { apiKey: header.apiKey },
      })
    }
    this.refreshIfDue()
    const policy = this.#policy
    const call = this.call(header)
    const verdict = api.decide(call, request)
    const taken = { api, header, message, span, request, call }
    if (!(verdict instanceof Promise)) this.#apply(taken, verdict)
    else this.#context.wait(verdict.then((decided) => this.#applyLater(taken, decided, policy)))
  }

  /** Applies a decision that had to look something up, unless what it was taken by has gone meanwhile. */
  #applyLater(taken: TakenRequest, verdict: Verdict<unknown, unknown>, policy: PrincipalPolicy | null): void {
    const { hasEnded } = this.#context.signIn
    if (verdict.kind === 'forward' && (hasEnded || policy !== this.#policy)) verdict.onDropped?.()
    if (hasEnded) throw new SessionExpiredError({ message: 'client: the session ended while something was looked up' })
    if (policy === this.#policy) this.#apply(taken, verdict)
    else this.take(taken.api, taken.header, taken.span)
  }

  /** A call for one request; its denials are reported unless `isSilent`. */
  call(header: DecodedRequestHeader, isSilent = false): Call {
    const { plane, signIn, state } = this.#context
    const policy = this.#policy
    if (policy === null) throw new NotSignedInError({ message: 'client: no policy without a sign-in' })
    return new Call({
      header,
      policy,
      principal: policy.principal,
      asks: plane.asks,
      masks: plane.masks,
      buffers: plane.pool,
      access: this.#context.access,
      nowUnixMs: () => plane.clock.nowUnixMs(),
      state,
      cluster: plane.cluster,
      addresses: plane.addresses,
      maxTransactionTimeoutMs: plane.limits.maxTransactionTimeoutMs,
      waitBudgetMs: signIn.leftMs,
      reports: new RequestReports({
        plane,
        origin: this.#context.origin,
        signIn: signIn.current,
        header,
        policy,
        isSilent,
        state,
      }),
      alsoSend: (request) => {
        if (policy === this.#policy) requestUpstream(this.#context.upstream(''), request).catch(() => undefined)
      },
      askUrl: plane.askUrl,
    })
  }

  /** Expects the broker's answer to a request that the caller has decided, and whose bytes it forwards. */
  expect(header: DecodedRequestHeader, edit: AnswerEdit<unknown> | null): void {
    const { order } = this.#context
    const message = apiMessage(header.apiKey)
    this.#context
      .upstream(header.clientId ?? '')
      .expect(new PassedCall({ header, message, order, slot: order.reserve(), edit, pool: this.#context.plane.pool }))
  }

  /** Gathers request bytes that go on as they are; the lease is retained until they have left. */
  forward(span: Span): void {
    const run = this.#run
    if (run !== null && run.bytes === span.bytes && run.end === span.start) {
      run.end = span.end
      return
    }
    this.flush()
    this.#run = { bytes: span.bytes, start: span.start, end: span.end, lease: span.lease?.retain() ?? null }
  }

  /** Writes what has gathered. */
  flush(): void {
    const run = this.#run
    if (run === null) return
    this.#run = null
    const bytes = run.start === 0 && run.end === run.bytes.length ? run.bytes : run.bytes.subarray(run.start, run.end)
    if (!this.#context.upstream('').write(bytes, run.lease)) this.#context.onFull()
  }

  /**
   * Answers what is parked at the broker, at the end of the session.
   *
   * Returns `false` when an answer is half sent, and the connection has to be cut.
   */
  endParked(): boolean {
    this.#waiting.wake()
    return [...this.#forwarded].every((forwarded) => forwarded.endParked())
  }

  /** Lets go of what waits: the connection is gone. */
  close(): void {
    this.#waiting.cancel()
  }

  /** Whether an answer is half sent that the policy in force would not let through. */
  mustCut(): boolean {
    return [...this.#forwarded].some((forwarded) => forwarded.mustBeCut())
  }

  #apply(taken: TakenRequest, verdict: Verdict<unknown, unknown>): void {
    const { header, message, span } = taken
    const { apiKey, apiVersion, correlationId, clientId } = header
    if (verdict.kind === 'close')
      throw new ClientProtocolError({ message: `client: ${verdict.reason}`, details: { apiKey } })
    if (verdict.kind === 'answer' || verdict.kind === 'wait') {
      const frame = encodeResponseFrame(apiKey, apiVersion, correlationId, (writer) =>
        message.encodeResponse(writer, verdict.response as never, apiVersion),
      )
      if (verdict.kind === 'wait') this.#answerLater(frame, verdict.maxWaitMs)
      else this.#context.order.answer(this.#context.order.reserve(), frame)
      return
    }
    const upstream = this.#context.upstream(clientId ?? '')
    if (verdict.isUnanswered !== true) upstream.expect(this.#expected(taken, verdict))
    else taken.call.passes.confirm(null, () => undefined)
    verdict.onSent?.()
    if (verdict.request !== null) {
      this.flush()
      upstream.write(
        encodeRequestFrame({ apiKey, apiVersion, correlationId, clientId }, (writer) =>
          message.encodeRequest(writer, verdict.request as never, apiVersion),
        ),
      )
      return
    }
    for (const { bodyOffset, value } of verdict.patches) span.bytes.writeInt32BE(value, header.bodyOffset + bodyOffset)
    this.forward(span)
  }

  #answerLater(frame: Buffer, maxWaitMs: number): void {
    const { order, plane, onAnswered: onGiven } = this.#context
    this.#waiting.add({ frame, order, slot: order.reserve(), clock: plane.clock, maxWaitMs, onGiven })
  }

  #expected(
    { api, header, message, request, call }: TakenRequest,
    verdict: Verdict<unknown, unknown> & { kind: 'forward' },
  ): ForwardedCall {
    const { order, plane, fail } = this.#context
    const policy = this.#policy
    const parks = api.parks === true
    const forwarded: ForwardedCall = new ForwardedCall({
      header,
      message,
      api,
      order,
      slot: order.reserve(),
      edit: confirming(call, verdict.edit),
      request: parks ? request : null,
      isHolding: verdict.isHolding === true,
      tap: verdict.tap,
      pool: plane.pool,
      isStale: () => parks && (this.#policy !== policy || plane.clock.nowUnixMs() >= call.validUntilUnixMs),
      policy: () => this.#policy,
      decideAgain: (again) => this.#decideAgain(api, header, again),
      fail: (reason) => fail(new SessionExpiredError({ message: `client: ${reason}` })),
      settled: () => this.#forwarded.delete(forwarded),
    })
    this.#forwarded.add(forwarded)
    return forwarded
  }

  #decideAgain(api: AnyApi, header: DecodedRequestHeader, request: unknown): Verdict<unknown, unknown> | null {
    const verdict = api.decide(this.call(header), request)
    // A decision that has to look something up came with ids that the first decision had resolved: deny.
    return verdict instanceof Promise ? null : verdict
  }
}

/** Has an answer read whole that tells what the broker refused of it. */
export function confirming(call: Call, edit: AnswerEdit<unknown> | null): AnswerEdit<unknown> | null {
  if (!call.passes.areWaiting) return edit
  return (response) => {
    call.passes.confirm(response, (topicId) => call.topicName(topicId))
    return edit === null ? false : edit(response)
  }
}

/** A decoded request, with what it was decoded from. */
interface TakenRequest {
  readonly api: AnyApi
  readonly header: DecodedRequestHeader
  readonly message: ApiMessageSpec
  readonly span: Span
  readonly request: unknown
  readonly call: Call
}
