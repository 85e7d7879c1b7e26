import { HeadgateAskRefusedError } from '../access/ask-refused-error.ts'
import { type ApprovalAsk, parseAsks } from '../approvals/approval-ask.ts'
import { ask } from '../http/failure.ts'
import type { HttpRequest, HttpResponse } from '../http/http-client.ts'
import { type JsonObject, parseJsonObject, printable, textMember } from '../http/json.ts'
import type { GatewayLink } from './gateway-link.ts'
import type { GatewayMetadata } from './gateway-metadata.ts'

/**
 * This client's own asks about a topic, the newest of each protection; nothing where the gateway tells of none.
 *
 * @throws HeadgateGatewayUnreachableError `ERR_KAFKAJS_GATEWAY_UNREACHABLE`
 */
export async function listAsks(link: GatewayLink, topic: string): Promise<readonly ApprovalAsk[] | undefined> {
  const { metadata } = link
  const endpoint = endpointOf(metadata)
  const url = new URL(`${endpoint.href}?${new URLSearchParams({ mine: 'true', topic })}`)
  const response = await send(link, { method: 'GET', url })
  return response.status === 200 ? parseAsks(response.body, endpoint) : undefined
}

/** What an ask is opened with. */
export interface AskWish {
  readonly topic: string
  readonly operation: 'consume' | 'produce'
  /** Why; some protections require it. */
  readonly reason?: string
  /** How long it should last once it is approved; the longest that the protection gives, when absent. */
  readonly durationMs?: number
  /** When it should begin; at the approval, when absent. */
  readonly startsAtUnixMs?: number
}

/**
 * Opens an ask for each approval that is wanted.
 *
 * @throws HeadgateAskRefusedError `ERR_KAFKAJS_ASK_REFUSED`
 * @throws HeadgateGatewayUnreachableError `ERR_KAFKAJS_GATEWAY_UNREACHABLE`
 */
export async function openAsk(link: GatewayLink, wish: AskWish): Promise<readonly ApprovalAsk[]> {
  const endpoint = endpointOf(link.metadata)
  const response = await send(link, { method: 'POST', url: endpoint, body: JSON.stringify(wish) })
  if (response.status === 201) return parseAsks(response.body, endpoint)
  throw new HeadgateAskRefusedError({ ...refusalOf(parseJsonObject(response.body), response.status), ...only(wish) })
}

const only = ({ topic, operation }: AskWish): Pick<AskWish, 'topic' | 'operation'> => ({ topic, operation })

function refusalOf(problem: JsonObject | undefined, status: number): { reason: string; title: string; askId?: string } {
  const reason = printable(textMember(problem, 'code')) || `HTTP ${status}`
  const title = printable(textMember(problem, 'title')) || 'no reason given'
  const askId = printable(textMember(problem, 'ask'))
  return { reason, title, ...(askId !== '' && { askId }) }
}

// Beside the bundle, so on the configured origin.
const endpointOf = ({ bundleEndpoint }: GatewayMetadata): URL => new URL('asks', bundleEndpoint)

/** Sends with a token, and once more with a new one where the gateway does not take the kept one. */
async function send(
  { http, tokens }: GatewayLink,
  request: Pick<HttpRequest, 'method' | 'url' | 'body'>,
): Promise<HttpResponse> {
  const attempt = async (): Promise<HttpResponse> => {
    const { token } = await tokens.get()
    const headers = {
      authorization: `Bearer ${token.reveal()}`,
      accept: 'application/json',
      ...(request.body !== undefined && { 'content-type': 'application/json' }),
    }
    return ask(http, 'gateway', { ...request, headers })
  }
  const first = await attempt()
  if (first.status !== 401) return first
  tokens.forget()
  return attempt()
}
