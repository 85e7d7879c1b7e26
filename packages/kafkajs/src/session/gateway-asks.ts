import { type ApprovalAsk, parseAsks } from '../approvals/approval-ask.ts'
import { ask } from '../http/failure.ts'
import type { HttpResponse } from '../http/http-client.ts'
import type { GatewayLink } from './gateway-link.ts'

/**
 * This client's own asks about a topic, the newest of each protection; nothing where the gateway tells of none.
 *
 * @throws HeadgateGatewayUnreachableError `ERR_KAFKAJS_GATEWAY_UNREACHABLE`
 */
export async function listAsks(link: GatewayLink, topic: string): Promise<readonly ApprovalAsk[] | undefined> {
  const { http, metadata, tokens } = link
  // Beside the bundle, so on the configured origin.
  const endpoint = new URL('asks', metadata.bundleEndpoint)
  const url = new URL(`${endpoint.href}?${new URLSearchParams({ mine: 'true', topic })}`)
  const get = async (): Promise<HttpResponse> => {
    const { token } = await tokens.get()
    const headers = { authorization: `Bearer ${token.reveal()}`, accept: 'application/json' }
    return ask(http, 'gateway', { method: 'GET', url, headers })
  }
  const first = await get()
  if (first.status === 401) tokens.forget()
  const response = first.status === 401 ? await get() : first
  return response.status === 200 ? parseAsks(response.body, endpoint) : undefined
}
