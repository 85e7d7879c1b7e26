import { apiMessages, type RequestHeader } from '@headgate/wire'
import type { AnyApi } from './api.ts'
import type { ApiTable } from './api-table.ts'
import type { Call } from './call.ts'
import type { PendingAnswer } from './pending-answer.ts'
import type { FrameSpan, Span } from './request-input.ts'
import type { ResponseOrder } from './response-order.ts'

/** What the intake needs of its connection. */
export interface ProduceContext {
  readonly order: ResponseOrder
  readonly apis: ApiTable
  readonly call: (header: RequestHeader) => Call
  readonly expect: (header: RequestHeader, pending: PendingAnswer) => void
  readonly forward: (span: Span) => void
  readonly decideWhole: (api: AnyApi, header: RequestHeader, span: Span) => void
}

export class ProduceIntake {
  readonly #context: ProduceContext
  #parts: Buffer[] = []
  #leftBytes = 0
  #header: RequestHeader | null = null
  constructor(context: ProduceContext) {
    this.#context = context
  }
  get isOpen(): boolean {
    return this.#leftBytes > 0
  }
  begin(header: RequestHeader, span: FrameSpan): void {
    this.#header = header
    this.#parts = []
    this.#leftBytes = span.totalBytes
    this.feed(span)
  }
  feed(span: Span): void {
    this.#parts.push(span.bytes.subarray(span.start, span.end))
    this.#leftBytes -= span.end - span.start
    if (this.#leftBytes > 0 || this.#header === null) return
    const bytes = Buffer.concat(this.#parts)
    this.#parts = []
    const api = this.#context.apis.find(this.#header.apiKey, this.#header.apiVersion)
    const message = apiMessages.get(0)
    if (api === undefined || api === 'sasl' || message === undefined) return
    const shift = this.#header.bodyOffset - this.#bodyStart
    void shift
    this.#context.decideWhole(api, this.#header, { bytes, start: 0, end: bytes.length })
  }
  readonly #bodyStart = 0
}
