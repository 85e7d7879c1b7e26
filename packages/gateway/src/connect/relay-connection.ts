import type { Socket } from 'node:net'
import {
  apiMessage,
  decodeRequestHeader,
  decodeResponseHeader,
  defaultSaslAuthenticateResponse,
  defaultSaslHandshakeResponse,
  ErrorCode,
  encodeResponseFrame,
  FrameReader,
  Reader,
} from '@headgate/wire'
import type { PendingAnswer } from '../data-plane/pending-answer.ts'
import type { Upstream, UpstreamAddress } from '../data-plane/upstream.ts'
import { OrderedAnswers } from './ordered-answers.ts'
import { failureFields, type RelayContext, RelayLink } from './relay-link.ts'
import { brokersOf, isRelayed, type NamedBroker, namesBrokers, narrowApiVersions } from './relayed-apis.ts'

/** What a connection asks of its relay. */
export interface RelayConnectionOwner {
  /** Puts the relay's own addresses in the place of the gateway's. */
  rewrite(brokers: readonly NamedBroker[]): Promise<void>
  onClosed(connection: RelayConnection): void
}

interface RequestHead {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
}

const PRODUCE = 0
const API_VERSIONS = 18
const SASL_HANDSHAKE = 17
const SASL: ReadonlySet<number> = new Set([SASL_HANDSHAKE, 36])
const HEAD_BYTES = 8
const PREFIX_BYTES = 4
const MAX_JOINED_BYTES = 65_536
const SASL_TEXT = 'this listener signs you in itself: use security.protocol=PLAINTEXT'

/** Whether the gateway answers a request: all but a produce that wants no acknowledgement. */
function wantsAnswer(frame: Buffer, { apiKey, apiVersion }: RequestHead): boolean {
  if (apiKey !== PRODUCE) return true
  const message = apiMessage(PRODUCE)
  const reader = new Reader(frame, decodeRequestHeader(frame).bodyOffset)
  if (apiVersion >= 3) reader.nullableString(apiVersion >= message.flexibleFrom, 'transactionalId')
  return reader.int16('acks') !== 0
}

/** One client of the relay, and its connection to the gateway. */
export class RelayConnection {
  readonly #socket: Socket
  readonly #context: RelayContext
  readonly #owner: RelayConnectionOwner
  readonly #frames = new FrameReader()
  readonly #answers: OrderedAnswers
  #link: RelayLink | undefined
  #owed = 0
  #isClosed = false

  constructor(socket: Socket, context: RelayContext, owner: RelayConnectionOwner) {
    this.#socket = socket
    this.#context = context
    this.#owner = owner
    this.#answers = new OrderedAnswers(socket)
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('drain', () => this.#link?.upstream.resume())
    socket.on('error', () => this.close())
    socket.on('close', () => this.close())
    socket.pause()
  }

  /** Signs in at the gateway; then the client is heard. */
  async start(address: UpstreamAddress): Promise<void> {
    const { tokens, log } = this.#context
    try {
      const token = await tokens()
      if (this.#isClosed) return
      const link = new RelayLink(this.#context, address, {
        onClosed: () => this.close(),
        onDrain: () => this.#socket.resume(),
      })
      this.#link = link
      this.#socket.resume()
      await link.signIn(token)
    } catch (cause) {
      log.warn({ event: 'relay-refused', ...failureFields(cause) }, 'a client was sent away')
      this.close()
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#link?.close()
    this.#socket.destroySoon()
    this.#owner.onClosed(this)
  }

  #take(chunk: Buffer): void {
    try {
      for (const frame of this.#frames.push(chunk)) this.#relay(frame)
      if (this.#link?.upstream.needsDrain === true) this.#socket.pause()
    } catch (cause) {
      this.#refuse('what a client sent is no request of Kafka', cause)
    }
  }

  #relay(frame: Buffer): void {
    const upstream = this.#link?.upstream
    if (this.#isClosed || upstream === undefined) return
    if (frame.length < HEAD_BYTES) throw new RangeError('a request without a head')
    const head: RequestHead = {
      apiKey: frame.readInt16BE(0),
      apiVersion: frame.readInt16BE(2),
      correlationId: frame.readInt32BE(4),
    }
    if (SASL.has(head.apiKey)) this.#answerSasl(head)
    else if (isRelayed(head.apiKey, head.apiVersion)) this.#forward(head, frame, upstream)
    else this.#refuse('a request is of a version that is not offered')
  }

  #forward(head: RequestHead, frame: Buffer, upstream: Upstream): void {
    if (wantsAnswer(frame, head)) {
      this.#owed += 1
      upstream.expect(this.#pendingAnswer(head))
    }
    const prefix = Buffer.allocUnsafe(PREFIX_BYTES)
    prefix.writeInt32BE(frame.length)
    // A small frame goes as one piece, which is one TLS record; a large one without a copy.
    const isSmall = frame.length <= MAX_JOINED_BYTES
    for (const piece of isSmall ? [Buffer.concat([prefix, frame])] : [prefix, frame]) upstream.write(piece)
  }

  #pendingAnswer(head: RequestHead): PendingAnswer {
    const isRead = head.apiKey === API_VERSIONS || namesBrokers(head.apiKey, head.apiVersion)
    return {
      correlationId: head.correlationId,
      mode: () => (isRead ? 'whole' : 'pass'),
      whole: (frame) => {
        this.#owed -= 1
        // The frame may be a view of a buffer that is used again.
        this.#rewrite(head, Buffer.from(frame))
        return undefined
      },
      pass: (chunk, start, end, isLast, lease) => {
        const bytes = chunk.subarray(start, end)
        this.#write(lease === null ? bytes : Buffer.from(bytes))
        if (isLast) this.#owed -= 1
      },
      replace: () => {},
      lost: () => {},
    }
  }

  #rewrite(head: RequestHead, frame: Buffer): void {
    const { apiKey, apiVersion, correlationId } = head
    if (apiKey === API_VERSIONS) this.#write(narrowApiVersions(frame, apiVersion, correlationId))
    else this.#rewriteBrokers(head, frame)
  }

  #rewriteBrokers({ apiKey, apiVersion, correlationId }: RequestHead, frame: Buffer): void {
    const { decodeResponse, encodeResponse } = apiMessage(apiKey)
    const { bodyOffset } = decodeResponseHeader(apiKey, apiVersion, frame, PREFIX_BYTES)
    const answer = decodeResponse(new Reader(frame, bodyOffset), apiVersion)
    const fill = this.#answers.reserve()
    const encode = (): Buffer =>
      encodeResponseFrame(apiKey, apiVersion, correlationId, (writer) => encodeResponse(writer, answer, apiVersion))
    this.#owner
      .rewrite(brokersOf(apiKey, apiVersion, answer))
      .then(() => fill(encode()))
      .catch((cause: unknown) => this.#refuse('a broker cannot be listened for', cause))
  }

  #write(bytes: Buffer): void {
    this.#answers.write(bytes)
    if (this.#socket.writableNeedDrain) this.#link?.upstream.pause()
  }

  /** Kafka's own answer of a listener without SASL. */
  #answerSasl({ apiKey, apiVersion, correlationId }: RequestHead): void {
    const { minVersion, maxVersion, encodeResponse } = apiMessage(apiKey)
    this.#context.log.warn({ event: 'relay-refused', reason: SASL_TEXT }, 'a client tried to sign in')
    if (this.#owed > 0 || apiVersion < minVersion || apiVersion > maxVersion) {
      this.close()
      return
    }
    const errorCode = ErrorCode.ILLEGAL_SASL_STATE
    const answer =
      apiKey === SASL_HANDSHAKE
        ? { ...defaultSaslHandshakeResponse(), errorCode }
        : { ...defaultSaslAuthenticateResponse(), errorCode, errorMessage: SASL_TEXT }
    this.#write(
      encodeResponseFrame(apiKey, apiVersion, correlationId, (writer) => encodeResponse(writer, answer, apiVersion)),
    )
  }

  #refuse(reason: string, cause?: unknown): void {
    const code = cause === undefined ? {} : { code: failureFields(cause).code }
    this.#context.log.warn({ event: 'relay-refused', reason, ...code }, 'a client was sent away')
    this.close()
  }
}
