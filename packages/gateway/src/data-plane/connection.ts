// One job, in more than 300 lines: the life of one client connection, whose socket, sign-in, upstream and end depend on each other.
import type { Socket } from 'node:net'
import { isHeadgateError } from '@headgate/core'
import { observesAny } from '@headgate/policy'
import { type DecodedRequestHeader, decodeRequestHeader, Reader } from '@headgate/wire'
import type { ConnectionOrigin } from '../control-port.ts'
import { mustBeBound } from '../identity/certificate-bound.ts'
import { peerThumbprint } from '../peer-certificate.ts'
import { AccessLog } from './audit/access-log.ts'
import { createBrokerSasl } from './broker-conversation.ts'
import type { BrokerSasl } from './broker-sasl.ts'
import { ClientSignIn, type SaslAnswer } from './client-sign-in.ts'
import { softwareNameIn } from './client-software.ts'
import { ClientState } from './client-state.ts'
import { ApiNotOfferedError, ClientProtocolError, NotSignedInError, SessionExpiredError } from './errors.ts'
import type { PlaneContext } from './plane-context.ts'
import { readAccepted } from './pooled-reads.ts'
import { ProduceIntake } from './produce-intake.ts'
import type { ReadBuffer } from './read-buffers.ts'
import { RequestDesk } from './request-desk.ts'
import { type FrameSpan, RequestInput } from './request-input.ts'
import { ResponseOrder, type ResponseSlot } from './response-order.ts'
import { SaslServer } from './sasl-server.ts'
import { type AbortWay, abortTransactions } from './transaction-abort.ts'
import type { Upstream } from './upstream.ts'
import { type LinkListener, UNHEARD, type UpstreamLink } from './upstream-link.ts'

const PRODUCE = 0
const API_VERSIONS = 18
const MAX_OWED_ANSWERS = 1_000
const MAX_HELD_BYTES = 64 * 1024 * 1024
const ABORT_GRACE_MS = 1_000
const ABORT_TIMEOUT_MS = 5_000
const OWN_HEADER: DecodedRequestHeader = Object.freeze({
  apiKey: 26,
  apiVersion: 0,
  correlationId: 0,
  clientId: null,
  bodyOffset: 0,
})

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
  readonly #brokerSasl: BrokerSasl | undefined
  readonly #signIn: ClientSignIn
  readonly #state = new ClientState()
  readonly #access: AccessLog
  readonly #desk: RequestDesk
  readonly #produce: ProduceIntake
  readonly #stopListening: () => void
  #link: UpstreamLink | null = null
  #isBusy = false
  #isClosing = false
  #isDraining = false
  /** A sign-in was refused: what the client is told of it is all that is left to do. */
  #isRefused = false
  readonly #linkListener: LinkListener = {
    onClosed: (cause) => {
      if (!this.#isRefused) this.#end(cause ?? new ClientProtocolError({ message: 'upstream: closed' }))
    },
    onDelivered: () => this.#flush(),
    onDrain: () => this.#flush(),
  }

  constructor(
    socket: Socket,
    origin: ConnectionOrigin,
    brokerId: number | null,
    plane: PlaneContext,
    onClosed: () => void,
  ) {
    this.#socket = readAccepted(socket, plane.pool, (bytes, length, lease) => this.#onData(bytes, length, lease))
    this.#origin = origin
    this.#brokerId = brokerId
    this.#plane = plane
    this.#onClosed = onClosed
    this.#order = new ResponseOrder(this.#socket)
    this.#brokerSasl = this.#createBrokerSasl()
    this.#signIn = this.#createSignIn()
    this.#access = this.#createAccessLog()
    this.#desk = this.#createDesk()
    this.#produce = new ProduceIntake(this.#desk, plane.apis)
    this.#stopListening = plane.policy.onChange(() => this.#onRightsChange())
    this.#listen()
  }

  /** Takes no more requests, and ends the connection once its owed answers are out; for a shutdown. */
  drain(): void {
    this.#isBusy = true
    this.#isDraining = true
    this.#socket.pause()
    this.#flush()
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#socket.destroy()
  }

  #createSignIn(): ClientSignIn {
    const { authenticator, certificateBound, clock, control, limits, mechanisms, policy, sessions } = this.#plane
    const sasl = new SaslServer({
      authenticator,
      clock,
      mechanisms,
      maxReauthenticationMs: limits.maxReauthenticationMs,
      policyRevision: () => policy.revision,
      mustBeBound: (signIn) => mustBeBound(certificateBound, signIn),
      brokers: this.#brokerSasl,
    })
    return new ClientSignIn({
      sasl,
      sessions,
      clock,
      control,
      origin: this.#origin,
      certificateThumbprint: () => peerThumbprint(this.#socket),
      onSignedIn: () => this.#onRightsChange(),
      onSessionEnd: () => this.#onSessionEnd(),
    })
  }

  /** How this connection hands a client's sign-in on, to the broker that it is for. */
  #createBrokerSasl(): BrokerSasl | undefined {
    const { passThrough, policy, sessions, clock } = this.#plane
    if (passThrough === undefined) return undefined
    const link = (): UpstreamLink =>
      this.#linked(() => passThrough.openUpstream(this.#brokerId, '', this.#linkListener))
    return createBrokerSasl({ passThrough, policy, sessions, clock, link, address: this.#origin.clientAddress })
  }

  #createAccessLog(): AccessLog {
    const { control, clock, cluster, clusterName } = this.#plane
    return new AccessLog({
      ...{ control, clock, cluster, clusterName },
      origin: this.#origin,
      signIn: () => this.#signIn.current,
    })
  }

  #createDesk(): RequestDesk {
    return new RequestDesk({
      plane: this.#plane,
      origin: this.#origin,
      order: this.#order,
      signIn: this.#signIn,
      state: this.#state,
      access: this.#access,
      upstream: (clientId) => this.#upstream(clientId),
      wait: (work) => this.#wait(work),
      fail: (cause) => this.#end(cause),
      onFull: () => this.#socket.pause(),
      onAnswered: () => this.#flush(),
    })
  }

  #listen(): void {
    const { clock, limits } = this.#plane
    const deadline = clock.after(limits.authenticationTimeoutMs, () => {
      if (this.#signIn.current === null)
        this.#end(new NotSignedInError({ message: 'client: did not sign in within the time allowed' }))
    })
    const socket = this.#socket
    socket.setNoDelay(true)
    socket.setTimeout(limits.idleTimeoutMs, () => socket.destroy())
    socket.on('drain', () => this.#onDrain())
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      deadline.cancel()
      this.#release()
    })
  }

  #onData(bytes: Buffer, length: number, lease: ReadBuffer | null): void {
    if (this.#isClosing) return
    this.#input.push(bytes, length, lease)
    this.#process()
    this.#input.detach()
  }

  #process(): void {
    try {
      while (!this.#isBusy && !this.#isClosing && this.#takeNext()) {}
      this.#desk.flush()
    } catch (cause) {
      this.#end(cause)
    }
    this.#flush()
  }

  /** Takes the next frame, or the next piece of an open one; `false` when more bytes are needed. */
  #takeNext(): boolean {
    if (this.#produce.isOpen) {
      const piece = this.#input.piece()
      if (piece === null) return false
      this.#requireSession()
      this.#produce.feed(piece)
      return true
    }
    const { maxFrameBytes, maxUnauthenticatedFrameBytes } = this.#plane.limits
    const span = this.#input.next(this.#signIn.current === null ? maxUnauthenticatedFrameBytes : maxFrameBytes)
    if (span !== null) this.#onFrame(span)
    return span !== null
  }

  #onFrame(span: FrameSpan): void {
    const { apis, cluster } = this.#plane
    const header = decodeRequestHeader(span.bytes, span.start + 4, span.end)
    if (header.unknownTags !== undefined)
      throw new ClientProtocolError({ message: 'client: a tagged field in the header of a request' })
    if (header.apiKey === API_VERSIONS) {
      if (this.#signIn.hasEnded) this.#requireSession()
      this.#state.softwareName = softwareNameIn(header, span) ?? this.#state.softwareName
      this.#order.answer(this.#order.reserve(), apis.apiVersionsAnswer(header, cluster.versions))
      return
    }
    const api = apis.find(header.apiKey, header.apiVersion)
    if (api === undefined) {
      const details = { apiKey: header.apiKey, apiVersion: header.apiVersion }
      throw new ApiNotOfferedError({ message: 'client: the api or its version is not offered', details })
    }
    if (api === 'sasl') {
      this.#answerSasl(header, span)
      return
    }
    this.#requireSession()
    if (header.apiKey === PRODUCE) this.#produce.begin(header, span)
    else this.#desk.take(api, header, span)
  }

  #requireSession(): void {
    if (this.#signIn.current === null) throw new NotSignedInError({ message: 'client: a request before the sign-in' })
    if (this.#signIn.hasEnded)
      throw new SessionExpiredError({
        message: 'client: a request after the end of the session, without a new sign-in',
      })
  }

  #answerSasl(header: DecodedRequestHeader, span: FrameSpan): void {
    const slot = this.#order.reserve()
    const answer = this.#signIn.answer(header, new Reader(span.bytes, header.bodyOffset, span.end))
    if (answer instanceof Promise) this.#wait(answer.then((decided) => this.#finishSasl(slot, decided)))
    else this.#finishSasl(slot, answer)
  }

  #finishSasl(slot: ResponseSlot, answer: SaslAnswer): void {
    this.#order.answer(slot, answer.frame)
    if (!answer.closes) return
    this.#isRefused = true
    this.#isDraining = true
    this.#isBusy = true
  }

  /**
   * Writes owed answers, and lets one side wait for the other: a client that does not read is not read from either, so
   * that what it is owed stays bounded.
   */
  #flush(): void {
    const upstream = this.#link?.upstream
    const isFull = !this.#order.flush()
    if (isFull) upstream?.pause()
    if (this.#isDraining && this.#order.owed === 0) this.#socket.end()
    const keptBytes = this.#order.heldBytes + this.#desk.waitingBytes
    const isBehind = this.#order.owed > MAX_OWED_ANSWERS || keptBytes > MAX_HELD_BYTES
    const mustWait = isFull || isBehind || this.#isBusy || this.#isClosing || upstream?.needsDrain === true
    if (mustWait) this.#socket.pause()
    else if (this.#socket.isPaused()) this.#socket.resume()
  }

  #upstream(clientId: string): Upstream {
    if (this.#link !== null) return this.#link.upstream
    if (this.#isClosing)
      throw new ClientProtocolError({ message: 'client: gone before its first request went to a broker' })
    const signIn = this.#signIn.current
    if (signIn === null) throw new NotSignedInError({ message: 'client: no upstream connection without a sign-in' })
    return this.#linked(() => this.#plane.openUpstream(signIn, this.#brokerId, clientId, this.#linkListener)).upstream
  }

  /** The one connection to the broker, begun when it is first needed. */
  #linked(open: () => UpstreamLink): UpstreamLink {
    this.#link ??= open()
    return this.#link
  }

  #onDrain(): void {
    this.#link?.upstream.resume()
    this.#flush()
  }

  /** Stops taking requests until `work` is through. */
  #wait(work: Promise<unknown>): void {
    this.#isBusy = true
    this.#socket.pause()
    work
      .catch((cause: unknown) => this.#end(cause))
      .finally(() => {
        this.#isBusy = this.#isDraining
        this.#process()
      })
  }

  /** Another policy is in force, or the principal signed in anew, perhaps with other groups. */
  #onRightsChange(): void {
    const signIn = this.#signIn.current
    if (signIn === null) return
    try {
      if (signIn.source === 'brokers' && !observesAny(this.#plane.policy.modes))
        throw new SessionExpiredError({ message: "client: the brokers' own credentials are taken no longer" })
      this.#desk.refreshPolicy()
      this.#flush()
      if (this.#desk.mustCut())
        throw new SessionExpiredError({ message: 'client: access ended in the middle of an answer' })
      if (this.#link !== null)
        void abortTransactions(this.#abortWay(this.#link), this.#state, this.#desk.call(OWN_HEADER, true))
    } catch (cause) {
      // INVARIANT: it never throws, or the connections behind this one would keep the policy that is gone.
      this.#end(cause)
    }
  }

  #onSessionEnd(): void {
    if (this.#desk.endParked()) this.#flush()
    else this.#end(new SessionExpiredError({ message: 'client: the session ended in the middle of an answer' }))
  }

  /** Ends the connection for a reason, which is reported; transactions that it holds are aborted first. */
  #end(cause: unknown): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#socket.pause()
    const signIn = this.#signIn.current
    const known = isHeadgateError(cause)
      ? { code: cause.code, reason: cause.message }
      : { code: 'ERR_GATEWAY_UNEXPECTED', reason: 'an unexpected failure' }
    const { issuer, subject: principal } = signIn?.principal ?? {}
    const who = issuer === undefined || principal === undefined ? {} : { principal, issuer }
    const session = signIn === null ? {} : { sessionId: signIn.sessionId }
    this.#plane.control.report({ kind: 'closed', ...this.#origin, ...known, ...who, ...session })
    if (this.#link === null || this.#link.isClosed || this.#state.transactions.size === 0)
      return void this.#socket.destroy()
    this.#plane.clock.after(ABORT_GRACE_MS, () => this.#socket.destroy())
    abortTransactions(this.#abortWay(this.#link), this.#state, null).finally(() => this.#socket.destroy())
  }

  /** A client's own credential is known to its broker connection alone. */
  #abortWay(link: UpstreamLink): AbortWay {
    const signIn = this.#signIn.current
    if (signIn === null || signIn.source === 'brokers') return { link, openAnother: null }
    const openAnother = (): UpstreamLink => {
      const another = this.#plane.openUpstream(signIn, this.#brokerId, '', UNHEARD)
      this.#plane.clock.after(ABORT_TIMEOUT_MS, () => another.close())
      return another
    }
    return { link, openAnother }
  }

  #release(): void {
    this.#isClosing = true
    this.#stopListening()
    this.#signIn.close()
    this.#brokerSasl?.close()
    this.#produce.close()
    this.#access.end()
    this.#desk.close()
    this.#link?.close()
    this.#onClosed()
  }
}
