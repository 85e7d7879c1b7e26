import { apiMessage, decodeResponseHeader, encodeRequestFrame, Reader } from '@headgate/wire'
import { UpstreamProtocolError } from './errors.ts'
import type { PendingAnswer } from './pending-answer.ts'
import type { Upstream } from './upstream.ts'

/** A request of the gateway's own, in wire's message types. */
export interface UpstreamRequest {
  readonly apiKey: number
  readonly apiVersion: number
  readonly clientId: string
  readonly body: unknown
}

let lastCorrelationId = 0

/** The gateway's own correlation ids are negative, so that a log tells them from a client's. */
function nextCorrelationId(): number {
  lastCorrelationId = lastCorrelationId === -0x7fffffff ? -1 : lastCorrelationId - 1
  return lastCorrelationId
}

/**
 * Sends a request of the gateway's own on an upstream connection and gives the decoded answer.
 *
 * `isDirect` writes past the queue of a connection that is signing in.
 *
 * @throws {UpstreamUnreachableError} `ERR_GATEWAY_UPSTREAM_UNREACHABLE` when the connection ends first.
 */
export function requestUpstream<Response>(
  upstream: Upstream,
  request: UpstreamRequest,
  isDirect = false,
): Promise<Response> {
  const message = apiMessage(request.apiKey)
  const { apiKey, apiVersion, clientId } = request
  const correlationId = nextCorrelationId()
  const frame = encodeRequestFrame({ apiKey, apiVersion, correlationId, clientId }, (writer) =>
    message.encodeRequest(writer, request.body as never, apiVersion),
  )
  return new Promise<Response>((resolve, reject) => {
    const take = (answer: Buffer): void => {
      const { bodyOffset } = decodeResponseHeader(apiKey, apiVersion, answer, 4)
      // The frame is a view into a pooled buffer: whatever outlives this call must not refer to it.
      resolve(message.decodeResponse(new Reader(Buffer.from(answer), bodyOffset), apiVersion) as Response)
    }
    const pending = ownAnswer(correlationId, take, reject)
    if (isDirect) return upstream.sendDirect(frame, pending)
    upstream.request(frame, pending)
  })
}

function ownAnswer(
  correlationId: number,
  take: (frame: Buffer) => void,
  reject: (cause: Error) => void,
): PendingAnswer {
  return {
    correlationId,
    mode: () => 'whole',
    whole: (frame) => {
      try {
        take(frame)
      } catch (cause) {
        reject(new UpstreamProtocolError({ message: 'upstream: the answer could not be decoded', cause }))
      }
      return undefined
    },
    pass: () => {},
    replace: () => {},
    lost: reject,
  }
}
