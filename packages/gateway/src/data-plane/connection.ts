import type { Socket } from 'node:net'
import { type Clock, isHeadgateError, type LogPort } from '@headgate/core'
import { apiMessages, decodeRequestHeader, encodeRequestFrame, encodeResponseFrame, Reader, type RequestHeader } from '@headgate/wire'
import type { LimitsConfig } from '../config/gateway-config.ts'
import type { ConnectionOrigin, ControlPort } from '../control-port.ts'
import type { Authenticator, SignIn } from '../identity/authenticator.ts'
import type { AnyApi, Verdict } from './api.ts'
import type { ApiTable } from './api-table.ts'
import type { BrokerAddresses } from './broker-addresses.ts'
import { Call, type Denial } from './call.ts'
import { ClientSignIn, type SaslAnswer } from './client-sign-in.ts'
import { ClientState } from './client-state.ts'
import type { ClusterView } from './cluster-view.ts'
import { ApiNotOfferedError, ClientProtocolError, NotSignedInError, SessionExpiredError } from './errors.ts'
import { ForwardedCall } from './forwarded-call.ts'
import type { PolicyView, PrincipalPolicy } from './policy-view.ts'
import { type ProduceContext, ProduceIntake } from './produce-intake.ts'
import { type FrameSpan, RequestInput, type Span } from './request-input.ts'
import { ResponseOrder, type ResponseSlot } from './response-order.ts'
import type { ClientMechanism } from './sasl-message.ts'
import { SaslServer } from './sasl-server.ts'
import { abortTransactions } from './transaction-abort.ts'
import type { UpstreamLink, UpstreamLinks } from './upstream-link.ts'

/** What all connections of a data plane share. */
export interface PlaneContext {
  readonly clock: Clock
  readonly log: LogPort
  readonly limits: LimitsConfig
  readonly control: ControlPort
  readonly authenticator: Authenticator
  readonly mechanisms: readonly ClientMechanism[]
  readonly cluster: ClusterView
  readonly addresses: BrokerAddresses
  readonly apis: ApiTable
  readonly policy: PolicyView
  readonly openUpstream: (signIn: SignIn, brokerId: number | null, clientId: string, listener: Parameters<UpstreamLinks['begin']>[3]) => UpstreamLink
}

const PRODUCE = 0
const API_VERSIONS = 18
const MAX_OWED_ANSWERS = 1_000
const ABORT_GRACE_MS = 1_000

/**
 * One client: its socket, its sign-in, its one upstream connection, and the answers it is owed.
 *
 * Requests are taken strictly one after another; one that has to wait (a token to verify, a topic id to look up) stops
 * the reading until it is through. Everything unexpected ends the connection: nothing passes undecided.
 */
export class Connection {
  readonly #socket: Socket
  readonly #origin: ConnectionOrigin
  readonly #brokerId: number | null
  readonly #plane: PlaneContext
  readonly #onClosed: () => void
  readonly #input = new RequestInput()
  readonly #order: ResponseOrder
  readonly #signIn: ClientSignIn
  readonly #produce: ProduceIntake
  readonly #state = new ClientState()
  readonly #forwarded = new Set<ForwardedCall>()
  readonly #stopListening: () => void
  #policy: PrincipalPolicy | null = null
  #link: UpstreamLink | null = null
  #run: { bytes: Buffer; start: number; end: number } | null = null
  #isBusy = false
  #isClosing = false
  #closesAfterFlush = false

  constructor(socket: Socket, origin: ConnectionOrigin, brokerId: number | null, plane: PlaneContext, onClosed: () => void) {
    this.#socket = socket
    this.#origin = origin
    this.#brokerId = brokerId
    this.#plane = plane
    this.#onClosed = onClosed
    this.#order = new ResponseOrder(socket)
    this.#signIn = this.#createSignIn()
    this.#produce = new ProduceIntake(this.#produceContext())
    this.#stopListening = plane.policy.onChange(() => this.#onPolicyChange())
    const deadline = plane.clock.after(plane.limits.authenticationTimeoutMs, () => {
      if (this.#signIn.current === null) this.#end(new NotSignedInError({ message: 'client: did not sign in within the time allowed' }))
    })
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('drain', () => this.#link?.upstream.resume())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      deadline.cancel()
      this.#release()
    })
  }

  /** Ends the connection once its owed answers are out; for a shutdown. */
  drain(): void {
    this.#isBusy = true
    this.#socket.pause()
    if (this.#order.owed === 0) this.#socket.end()
    else this.#closesAfterFlush = true
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#socket.destroy()
  }

  #createSignIn(): ClientSignIn {
    const { authenticator, clock, control, limits, mechanisms, policy } = this.#plane
    const sasl = new SaslServer({ authenticator, clock, mechanisms, maxReauthenticationMs: limits.maxReauthenticationMs, policyRevision: () => policy.revision })
    return new ClientSignIn({
      sasl,
      clock,
      control,
      origin: this.#origin,
      onSignedIn: (signIn) => {
        this.#policy = policy.policyFor(signIn.principal)
      },
      onSessionEnd: () => this.#onSessionEnd(),
    })
  }

  #onData(chunk: Buffer): void {
    this.#input.push(chunk)
    this.#process()
  }

  #process(): void {
    try {
      while (!this.#isBusy && !this.#isClosing && this.#takeNext()) {}
    } catch (cause) {
      this.#end(cause)
    }
    this.#flushForward()
    this.#flushAnswers()
  }

  #takeNext(): boolean {
    if (this.#produce.isOpen) {
      const piece = this.#input.piece()
      if (piece !== null) this.#produce.feed(piece)
      return piece !== null
    }
    const { maxFrameBytes, maxUnauthenticatedFrameBytes } = this.#plane.limits
    const span = this.#input.next(this.#signIn.current === null ? maxUnauthenticatedFrameBytes : maxFrameBytes)
    if (span === null) return false
    this.#onFrame(span)
    return true
  }

  #onFrame(span: FrameSpan): void {
    const header = decodeRequestHeader(span.bytes, span.start + 4)
    const api = this.#plane.apis.find(header.apiKey, header.apiVersion)
    if (header.apiKey === API_VERSIONS) return this.#answerApiVersions(header)
    if (api === undefined) throw new ApiNotOfferedError({ message: 'client: the api or its version is not offered', details: { apiKey: header.apiKey, apiVersion: header.apiVersion } })
    if (api === 'sasl') return this.#answerSasl(header, span)
    this.#requireSession()
    if (header.apiKey === PRODUCE) return this.#produce.begin(header, span)
    this.#decideFrame(api, header, span)
  }

  #requireSession(): void {
    if (this.#signIn.current === null) throw new NotSignedInError({ message: 'client: a request before the sign-in' })
    if (this.#signIn.hasEnded) throw new SessionExpiredError({ message: 'client: a request after the end of the session, without a new sign-in' })
  }

  #answerApiVersions(header: RequestHeader): void {
    const slot = this.#order.reserve()
    this.#order.answer(slot, this.#plane.apis.apiVersionsAnswer(header, this.#plane.cluster.versions))
  }

  #answerSasl(header: RequestHeader, span: FrameSpan): void {
    const slot = this.#order.reserve()
    const answer = this.#signIn.answer(header, new Reader(span.bytes, header.bodyOffset, span.end))
    if (answer instanceof Promise) {
      this.#wait(answer.then((decided) => this.#finishSasl(slot, decided)))
      return
    }
    this.#finishSasl(slot, answer)
  }

  #finishSasl(slot: ResponseSlot, answer: SaslAnswer): void {
    this.#closesAfterFlush ||= answer.closes
    this.#order.answer(slot, answer.frame)
  }

  /** Decodes a whole frame and does what its API says. */
  #decideFrame(api: AnyApi, header: RequestHeader, span: Span): void {
    const message = apiMessages.get(header.apiKey)
    if (message === undefined) throw new ApiNotOfferedError({ message: 'client: the api has no codec', details: { apiKey: header.apiKey } })
    const reader = new Reader(span.bytes, header.bodyOffset, span.end)
    const request = message.decodeRequest(reader, header.apiVersion)
    reader.expectEnd()
    const call = this.#call(header, true)
    const verdict = api.decide(call, request)
    if (verdict instanceof Promise) this.#wait(verdict.then((decided) => this.#apply(api, header, span, request, call, decided)))
    else this.#apply(api, header, span, request, call, verdict)
  }

  #apply(api: AnyApi, header: RequestHeader, span: Span, request: unknown, call: Call, verdict: Verdict<unknown, unknown>): void {
    const message = apiMessages.get(header.apiKey)
    if (message === undefined || this.#isClosing) return
    const { apiKey, apiVersion, correlationId, clientId } = header
    if (verdict.kind === 'close') throw new ClientProtocolError({ message: `client: ${verdict.reason}`, details: { apiKey } })
    const slot = this.#order.reserve()
    if (verdict.kind === 'answer') {
      this.#order.answer(slot, encodeResponseFrame(apiKey, apiVersion, correlationId, (writer) => message.encodeResponse(writer, verdict.response as never, apiVersion)))
      return
    }
    const policy = this.#policy
    const forwarded: ForwardedCall = new ForwardedCall({
      header,
      message,
      api,
      order: this.#order,
      slot,
      edit: verdict.edit,
      request: api.parks === true ? request : null,
      isStale: () => api.parks === true && (this.#policy !== policy || this.#plane.clock.nowUnixMs() >= call.validUntilUnixMs),
      decideAgain: (again) => this.#decideAgain(api, header, again),
      fail: (reason) => this.#end(new SessionExpiredError({ message: `client: ${reason}` })),
      settled: () => this.#forwarded.delete(forwarded),
    })
    this.#forwarded.add(forwarded)
    const link = this.#upstream(clientId ?? '')
    link.upstream.expect(forwarded)
    if (verdict.request !== null) {
      this.#flushForward()
      link.upstream.write(encodeRequestFrame({ apiKey, apiVersion, correlationId, clientId }, (writer) => message.encodeRequest(writer, verdict.request as never, apiVersion)))
      return
    }
    for (const { bodyOffset, value } of verdict.patches) span.bytes.writeInt32BE(value, header.bodyOffset + bodyOffset)
    this.#forward(span)
  }

  #decideAgain(api: AnyApi, header: RequestHeader, request: unknown): Verdict<unknown, unknown> | null {
    const verdict = api.decide(this.#call(header, true), request)
    // A decision that has to look something up came with ids that the first decision had resolved: deny.
    return verdict instanceof Promise ? null : verdict
  }

  #call(header: RequestHeader, reports: boolean): Call {
    const { cluster, addresses, limits } = this.#plane
    const policy = this.#policy
    if (policy === null) throw new NotSignedInError({ message: 'client: no policy without a sign-in' })
    return new Call({
      header,
      policy,
      state: this.#state,
      cluster,
      addresses,
      maxTransactionTimeoutMs: limits.maxTransactionTimeoutMs,
      waitBudgetMs: this.#signIn.leftMs,
      report: (denial) => {
        if (reports) this.#reportDenial(header, policy, denial)
      },
    })
  }

  #reportDenial(header: RequestHeader, policy: PrincipalPolicy, denial: Denial): void {
    const signIn = this.#signIn.current
    if (signIn === null) return
    const { resourceType, resourceName, operation, partition, decision, errorCode } = denial
    const { apiKey, apiVersion, clientId } = header
    this.#plane.control.report({
      kind: 'denial',
      ...this.#origin,
      principal: signIn.principal.subject,
      issuer: signIn.principal.issuer,
      sessionId: signIn.sessionId,
      clientId: clientId ?? '',
      apiKey,
      apiName: apiMessages.get(apiKey)?.name ?? 'Unknown',
      apiVersion,
      resourceType,
      resourceName,
      operation,
      ...(partition === undefined ? {} : { partition }),
      decision: decision.effect,
      reason: decision.reason,
      ruleIds: decision.ruleIds,
      errorCode,
      policyRevision: policy.revision,
    })
  }

  #produceContext(): ProduceContext {
    return {
      order: this.#order,
      apis: this.#plane.apis,
      call: (header) => this.#call(header, false),
      expect: (header, pending) => this.#upstream(header.clientId ?? '').upstream.expect(pending),
      forward: (span) => this.#forward(span),
      decideWhole: (api, header, span) => this.#decideFrame(api, header, span),
    }
  }

  /** Gathers request bytes, so that neighbours leave in one write. */
  #forward(span: Span): void {
    const run = this.#run
    if (run !== null && run.bytes === span.bytes && run.end === span.start) {
      run.end = span.end
      return
    }
    this.#flushForward()
    this.#run = { bytes: span.bytes, start: span.start, end: span.end }
  }

  #flushForward(): void {
    const run = this.#run
    if (run === null || this.#link === null) return
    this.#run = null
    if (!this.#link.upstream.write(run.bytes.subarray(run.start, run.end))) this.#socket.pause()
  }

  #flushAnswers(): void {
    if (!this.#order.flush()) this.#link?.upstream.pause()
    if (this.#closesAfterFlush && this.#order.owed === 0) this.#socket.end()
    if (this.#order.owed > MAX_OWED_ANSWERS) this.#socket.pause()
    else if (!this.#isBusy && this.#socket.isPaused() && !this.#isClosing && !(this.#link?.upstream.needsDrain ?? false)) this.#socket.resume()
  }

  #upstream(clientId: string): UpstreamLink {
    if (this.#link !== null) return this.#link
    const signIn = this.#signIn.current
    if (signIn === null) throw new NotSignedInError({ message: 'client: no upstream connection without a sign-in' })
    this.#link = this.#plane.openUpstream(signIn, this.#brokerId, clientId, {
      onClosed: (cause) => this.#end(cause ?? new ClientProtocolError({ message: 'upstream: closed' })),
      onDelivered: () => this.#flushAnswers(),
      onDrain: () => this.#flushAnswers(),
    })
    return this.#link
  }

  /** Stops taking requests until `work` is through. */
  #wait(work: Promise<unknown>): void {
    this.#isBusy = true
    this.#socket.pause()
    work
      .catch((cause: unknown) => this.#end(cause))
      .finally(() => {
        this.#isBusy = false
        this.#process()
      })
  }

  #onPolicyChange(): void {
    const signIn = this.#signIn.current
    if (signIn === null) return
    this.#policy = this.#plane.policy.policyFor(signIn.principal)
    if (this.#link !== null) void abortTransactions(this.#link, this.#state, this.#call(OWN_HEADER, false))
  }

  #onSessionEnd(): void {
    for (const forwarded of [...this.#forwarded]) {
      if (!forwarded.endParked()) return this.#end(new SessionExpiredError({ message: 'client: the session ended in the middle of an answer' }))
    }
    this.#flushAnswers()
  }

  /** Ends the connection for a reason, which is logged; transactions that it holds are aborted first. */
  #end(cause: unknown): void {
    if (this.#isClosing) return
    this.#isClosing = true
    const signIn = this.#signIn.current
    const code = isHeadgateError(cause) ? cause.code : 'ERR_GATEWAY_UNEXPECTED'
    const reason = isHeadgateError(cause) ? cause.message : 'an unexpected failure'
    const who = signIn === null ? {} : { principal: signIn.principal.subject, sessionId: signIn.sessionId }
    this.#plane.control.report({ kind: 'closed', ...this.#origin, code, reason, ...who })
    if (this.#link === null || this.#link.isClosed || this.#state.transactions.size === 0) {
      this.#socket.destroy()
      return
    }
    this.#plane.clock.after(ABORT_GRACE_MS, () => this.#socket.destroy())
    abortTransactions(this.#link, this.#state, null).finally(() => this.#socket.destroy())
  }

  #release(): void {
    this.#isClosing = true
    this.#stopListening()
    this.#signIn.close()
    this.#link?.close()
    this.#onClosed()
  }
}

const OWN_HEADER: RequestHeader = Object.freeze({ apiKey: 26, apiVersion: 0, correlationId: 0, clientId: null, bodyOffset: 0 })
