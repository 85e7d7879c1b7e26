import {
  type ApiMessageSpec,
  decodeResponseHeader,
  encodeResponseFrame,
  Reader,
  type RequestHeader,
  type Writer,
} from '@headgate/wire'
import type { AnswerEdit } from './api.ts'
import type { AnswerMode, LeasedFrame, PendingAnswer } from './pending-answer.ts'
import type { ReadBuffer, ReadBufferPool } from './read-buffers.ts'
import type { ResponseOrder, ResponseSlot } from './response-order.ts'

/** An edited answer is about as long as it was. */
const SPARE_BYTES = 1024
const LEAST_LEASED_BYTES = 256 * 1024

/** An answer that was edited; `null`: it is as it was. */
export type EditedFrame = Buffer | LeasedFrame | null

/** What a passed call needs of its connection. */
export interface PassedCallContext {
  readonly header: RequestHeader
  readonly message: ApiMessageSpec
  readonly order: ResponseOrder
  readonly slot: ResponseSlot
  readonly edit: AnswerEdit<unknown> | null
  readonly pool: ReadBufferPool
}

/** A request whose decision stands until its answer, which is handed on as it comes, or edited whole. */
export class PassedCall implements PendingAnswer {
  readonly #context: PassedCallContext

  constructor(context: PassedCallContext) {
    this.#context = context
  }

  get correlationId(): number {
    return this.#context.header.correlationId
  }

  mode(): AnswerMode {
    return this.#context.edit === null ? 'pass' : 'whole'
  }

  whole(frame: Buffer): EditedFrame | Promise<EditedFrame> {
    const { header, message, edit, pool } = this.#context
    return edit === null ? null : editFrame(header, message, frame, edit, pool)
  }

  pass(chunk: Buffer, start: number, end: number, isLast: boolean, lease: ReadBuffer | null): void {
    this.#context.order.pass(this.#context.slot, chunk, start, end, isLast, lease)
  }

  replace(frame: Buffer): void {
    this.#context.order.answer(this.#context.slot, frame)
  }

  lost(): void {}
}

/**
 * Decodes an answer, changes it and encodes it anew; `null` when the change left it as it was. A large one is written to
 * memory of the pool.
 */
export function editFrame(
  header: RequestHeader,
  message: ApiMessageSpec,
  frame: Buffer,
  edit: AnswerEdit<unknown>,
  pool: ReadBufferPool,
): EditedFrame | Promise<EditedFrame> {
  const { apiKey, apiVersion, correlationId } = header
  const { bodyOffset } = decodeResponseHeader(apiKey, apiVersion, frame, 4)
  const response = message.decodeResponse(new Reader(frame, bodyOffset), apiVersion)
  const encode = (changed: unknown): EditedFrame => {
    if (changed === false) return null
    const sizeBytes = frame.length + SPARE_BYTES
    const lease = sizeBytes < LEAST_LEASED_BYTES ? null : pool.takeLarge(sizeBytes)
    const body = (writer: Writer): void => message.encodeResponse(writer, response, apiVersion)
    const bytes = encodeResponseFrame(apiKey, apiVersion, correlationId, body, lease?.bytes ?? sizeBytes)
    if (typeof changed === 'function') changed()
    if (lease !== null && bytes.buffer === lease.bytes.buffer) return { bytes, lease }
    lease?.release()
    return bytes
  }
  const changed = edit(response)
  return changed instanceof Promise ? changed.then(encode) : encode(changed)
}
