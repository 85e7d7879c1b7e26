import { type DecodedRequestHeader, decodeRequestHeader } from '@headgate/wire'
import type { ApiTable } from './api-table.ts'
import type { RequestDesk } from './request-desk.ts'
import type { FrameSpan, Span } from './request-input.ts'
import type { ResponseOrder } from './response-order.ts'
import type { Upstream } from './upstream.ts'

/** Takes Produce requests. */
export class ProduceIntake {
  readonly #desk: RequestDesk
  readonly #apis: ApiTable
  #parts: Buffer[] = []
  #leftBytes = 0

  constructor(desk: RequestDesk, apis: ApiTable, _order: ResponseOrder, _upstream: (clientId: string) => Upstream) {
    this.#desk = desk
    this.#apis = apis
  }

  /** Whether a frame is open whose next bytes go to {@link ProduceIntake.feed}. */
  get isOpen(): boolean {
    return this.#leftBytes > 0
  }

  /** Takes a frame, or its opening. */
  begin(_header: DecodedRequestHeader, span: FrameSpan): void {
    this.#leftBytes = span.totalBytes
    this.feed(span)
  }

  /** Takes the next bytes of the open frame. */
  feed(span: Span): void {
    this.#parts.push(span.bytes.subarray(span.start, span.end))
    this.#leftBytes -= span.end - span.start
    if (this.#leftBytes > 0) return
    const bytes = Buffer.concat(this.#parts)
    this.#parts = []
    const header = decodeRequestHeader(bytes, 4)
    const api = this.#apis.find(header.apiKey, header.apiVersion)
    if (api !== undefined && api !== 'sasl') this.#desk.take(api, header, { bytes, start: 0, end: bytes.length })
  }
}
