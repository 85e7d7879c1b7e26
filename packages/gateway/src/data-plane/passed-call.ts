import {
  type ApiMessageSpec,
  decodeResponseHeader,
  encodeResponseFrame,
  Reader,
  type RequestHeader,
  type Writer,
} from '@headgate/wire'
import type { AnswerEdit } from './api.ts'
import type { AnswerMode, PendingAnswer } from './pending-answer.ts'
import type { ReadBuffer } from './read-buffers.ts'
import type { ResponseOrder, ResponseSlot } from './response-order.ts'

/** An edited answer is about as long as it was. */
const SPARE_BYTES = 1024

/** What a passed call needs of its connection. */
export interface PassedCallContext {
  readonly header: RequestHeader
  readonly message: ApiMessageSpec
  readonly order: ResponseOrder
  readonly slot: ResponseSlot
  readonly edit: AnswerEdit<unknown> | null
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

  whole(frame: Buffer): Buffer | null | Promise<Buffer | null> {
    const { header, message, edit } = this.#context
    return edit === null ? null : editFrame(header, message, frame, edit)
  }

  pass(chunk: Buffer, start: number, end: number, isLast: boolean, lease: ReadBuffer | null): void {
    this.#context.order.pass(this.#context.slot, chunk, start, end, isLast, lease)
  }

  replace(frame: Buffer): void {
    this.#context.order.answer(this.#context.slot, frame)
  }

  lost(): void {}
}

/** Decodes an answer, changes it and encodes it anew; `null` when the change left it as it was. */
export function editFrame(
  header: RequestHeader,
  message: ApiMessageSpec,
  frame: Buffer,
  edit: AnswerEdit<unknown>,
): Buffer | null | Promise<Buffer | null> {
  const { apiKey, apiVersion, correlationId } = header
  const { bodyOffset } = decodeResponseHeader(apiKey, apiVersion, frame, 4)
  const response = message.decodeResponse(new Reader(frame, bodyOffset), apiVersion)
  const encode = (changed: unknown): Buffer | null => {
    if (changed === false) return null
    const body = (writer: Writer): void => message.encodeResponse(writer, response, apiVersion)
    const encoded = encodeResponseFrame(apiKey, apiVersion, correlationId, body, frame.length + SPARE_BYTES)
    if (typeof changed === 'function') changed()
    return encoded
  }
  const changed = edit(response)
  return changed instanceof Promise ? changed.then(encode) : encode(changed)
}
