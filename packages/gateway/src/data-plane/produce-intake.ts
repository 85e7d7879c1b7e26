import { Operation } from '@headgate/policy'
import {
  type BatchHead,
  type DecodedRequestHeader,
  decodeRequestHeader,
  ProduceRequestWalker,
  ZERO_UUID,
} from '@headgate/wire'
import type { AnswerEdit } from './api.ts'
import type { ApiTable } from './api-table.ts'
import { produceEdit } from './apis/produce.ts'
import { telling, writtenPlace } from './audit/produce-audit.ts'
import { addSent, type SentRecords, SentRequest } from './audit/sent-records.ts'
import type { Call } from './call.ts'
import { ClientProtocolError, SessionExpiredError } from './errors.ts'
import type { Judgement } from './judgement.ts'
import type { PrincipalPolicy } from './policy-view.ts'
import { confirming, type RequestDesk } from './request-desk.ts'
import type { FrameSpan, Span } from './request-input.ts'

const PREFIX_BYTES = 4
const SMALL_PIECE_BYTES = 1024
const GATHERED_BYTES = 16 * 1024
const NO_BYTES = Buffer.alloc(0)

/**
 * Takes Produce requests by walking them, so that granted records are neither decoded nor copied.
 *
 * A frame with one partition is forwarded from its first chunk on; one with several is held, in the chunks it came in,
 * until all of them are decided. A frame with a refused part, or with a topic id that has to be looked up, is put together
 * and goes to the desk, which answers it, parts it or waits.
 */
export class ProduceIntake {
  readonly #desk: RequestDesk
  readonly #apis: ApiTable
  readonly #walker: ProduceRequestWalker
  #header: DecodedRequestHeader | null = null
  #call: Call | null = null
  /** The policy by which the open frame has been decided so far. */
  #policy: PrincipalPolicy | null = null
  #transactionalId: string | null = null
  #topicName = ''
  #partition = 0
  #held: Span[] = []
  #gathered: Buffer = NO_BYTES
  #bytesLeft = 0
  #acks = 0
  #isGranted = true
  #isForwarding = false
  /** What the open frame sends, where there is a trail. */
  #sent: SentRequest | null = null
  #sentRecords: SentRecords | null = null

  constructor(desk: RequestDesk, apis: ApiTable) {
    this.#desk = desk
    this.#apis = apis
    this.#walker = new ProduceRequestWalker({
      preamble: (transactionalId, acks) => this.#onPreamble(transactionalId, acks),
      partition: (topicName, topicId, index, _recordsBytes, isOnly) =>
        this.#onPartition(topicName, topicId, index, isOnly),
      ...(desk.keepsTrail ? { batch: (head: BatchHead) => this.#onBatch(head) } : {}),
    })
  }

  /** Whether a frame is open whose next bytes go to {@link ProduceIntake.feed}. */
  get isOpen(): boolean {
    return this.#bytesLeft > 0
  }

  /** Takes a frame, or its opening. */
  begin(header: DecodedRequestHeader, span: FrameSpan): void {
    const headerBytes = header.bodyOffset - span.start
    this.#header = header
    this.#desk.refreshIfDue()
    this.#call = this.#desk.call(header, true)
    this.#policy = this.#desk.policy
    this.#bytesLeft = span.totalBytes
    this.#isGranted = true
    this.#isForwarding = false
    this.#sent = this.#desk.keepsTrail ? new SentRequest() : null
    this.#sentRecords = null
    this.#walker.reset(header.apiVersion, span.totalBytes - headerBytes)
    this.#hold(span)
    this.#take(span, header.bodyOffset)
  }

  /** Takes the next bytes of the open frame. */
  feed(span: Span): void {
    if (this.#isForwarding || span.end - span.start > SMALL_PIECE_BYTES) this.#hold(span)
    else this.#gather(span)
    this.#take(span, span.start)
  }

  /** Lets go of what it holds. */
  close(): void {
    for (const { lease } of this.#held) lease?.release()
    this.#held = []
  }

  #take(span: Span, bodyStart: number): void {
    this.#desk.refreshIfDue()
    if (this.#policy !== this.#desk.policy) this.#decideAgain()
    this.#bytesLeft -= span.end - span.start
    this.#walker.push(span.bytes, bodyStart, span.end)
    if (this.#walker.hasUnknownTags) {
      throw new ClientProtocolError({
        message: 'client: a tagged field that the version does not define',
        details: { apiKey: 0 },
      })
    }
    if (this.#isForwarding) this.#release()
    if (this.#bytesLeft > 0) return
    if (this.#isGranted) this.#forwardAll()
    else this.#handOver()
  }

  #hold(span: Span): void {
    this.#held.push(span)
    span.lease?.retain()
  }

  /** Puts a small piece behind the one before it: by itself it would keep a whole read buffer for a few bytes. */
  #gather({ bytes, start, end }: Span): void {
    const last = this.#held.at(-1)
    const hasRoom = last?.bytes === this.#gathered && last.end + end - start <= this.#gathered.length
    if (!hasRoom) this.#gathered = Buffer.allocUnsafeSlow(GATHERED_BYTES)
    const at = hasRoom ? last.end : 0
    bytes.copy(this.#gathered, at, start, end)
    const gathered = { bytes: this.#gathered, start: hasRoom ? last.start : 0, end: at + end - start, lease: null }
    if (hasRoom) this.#held[this.#held.length - 1] = gathered
    else this.#held.push(gathered)
  }

  /**
   * Another policy came into force while the frame came in: what has been held is decided by the desk, and what is on its
   * way to the broker must still be granted.
   */
  #decideAgain(): void {
    this.#policy = this.#desk.policy
    if (!this.#isForwarding || this.#header === null) {
      this.#isGranted = false
      return
    }
    const call = this.#desk.call(this.#header)
    const id = this.#transactionalId
    const mayTransact = id === null || call.permits('transactional-id', Operation.Write, id)
    if (mayTransact && this.#passes(call.judge(Operation.Write, this.#topicName, this.#partition))) return
    throw new SessionExpiredError({ message: 'client: access ended in the middle of a produce' })
  }

  #onPreamble(transactionalId: string | null, acks: number): void {
    this.#acks = acks
    this.#transactionalId = transactionalId
    if (transactionalId !== null)
      this.#isGranted = this.#call?.permits('transactional-id', Operation.Write, transactionalId) === true
  }

  #onPartition(topicName: string, topicId: string, index: number, isOnly: boolean): void {
    if (!this.#isGranted) return
    const name = topicId === ZERO_UUID ? topicName : this.#call?.topicName(topicId)
    if (name === undefined) this.#isGranted = false
    else this.#judge(name, index)
    if (!this.#isGranted || name === undefined) return
    if (this.#call !== null && this.#sent !== null)
      this.#sentRecords = this.#sent.begin(writtenPlace(this.#call, topicName, topicId, index))
    if (!isOnly) return
    this.#topicName = name
    this.#partition = index
    this.#startForwarding()
  }

  #judge(name: string, index: number): void {
    const judgement = this.#call?.foresee(Operation.Write, name, index)
    this.#isGranted = this.#passes(judgement)
    if (this.#isGranted && judgement !== undefined) this.#call?.passed('topic', Operation.Write, name, index, judgement)
  }

  #onBatch(head: BatchHead): void {
    if (this.#sentRecords !== null) addSent(this.#sentRecords, head)
  }

  /** Whether records may be written as they are, and need not be on record before. */
  #passes(judgement: Judgement | undefined): boolean {
    const { mask, audit } = judgement?.obligations ?? {}
    return judgement?.effect === 'allow' && mask === undefined && audit !== 'required'
  }

  #forwardAll(): void {
    if (!this.#isForwarding) this.#startForwarding()
    this.#release()
    if (this.#sent === null || this.#call === null) return
    if (this.#acks === 0) this.#call.access.sentUnanswered(this.#sent)
    else this.#call.access.sent(this.#sent)
  }

  // INVARIANT: a request without acknowledgement has no answer, so nothing is expected; a slot would shift later answers.
  #startForwarding(): void {
    const header = this.#header
    if (header === null || this.#call === null) return
    this.#isForwarding = true
    if (this.#acks === 0) {
      this.#call.passes.confirm(null, () => undefined)
      return
    }
    const edit = produceEdit(this.#call)
    const told = this.#sent === null ? edit : telling(this.#call, this.#sent, edit)
    this.#desk.expect(header, confirming(this.#call, told as AnswerEdit<unknown> | null))
  }

  #release(): void {
    for (const span of this.#held) {
      this.#desk.forward(span)
      span.lease?.release()
    }
    this.#held = []
  }

  /** Puts the frame together for the desk. */
  #handOver(): void {
    const bytes = Buffer.concat(this.#held.map(({ bytes: chunk, start, end }) => chunk.subarray(start, end)))
    this.close()
    const header = decodeRequestHeader(bytes, PREFIX_BYTES)
    const api = this.#apis.find(header.apiKey, header.apiVersion)
    if (api !== undefined && api !== 'sasl')
      this.#desk.take(api, header, { bytes, start: 0, end: bytes.length, lease: null })
  }
}
