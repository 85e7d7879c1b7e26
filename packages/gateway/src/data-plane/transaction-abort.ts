import { Operation } from '@headgate/policy'
import { defaultEndTxnRequest, type EndTxnResponse } from '@headgate/wire'
import type { Call } from './call.ts'
import type { ClientState } from './client-state.ts'
import type { UpstreamLink } from './upstream-link.ts'

/** Before flexible versions and before the epoch that version 5 hands out; every broker offers it. */
const END_TXN = { apiKey: 26, apiVersion: 1, clientId: 'headgate-gateway' }

/** By which way aborts go. */
export interface AbortWay {
  /** The client's own connection to the broker. */
  readonly link: UpstreamLink
  /** Begins another one; `null` where the gateway has no credential for it. */
  readonly openAnother: (() => UpstreamLink) | null
}

/**
 * Aborts transactions that were begun on a connection and must not go on, so that readers of committed data are not
 * held up until the broker's own time-out.
 *
 * With `call`, those whose transactional id the principal may no longer write; without, all of them.
 */
export async function abortTransactions(way: AbortWay, state: ClientState, call: Call | null): Promise<void> {
  const ended = [...state.transactions].filter(
    ([id]) => call === null || !call.can('transactional-id', Operation.Write, id),
  )
  for (const [transactionalId] of ended) state.transactions.delete(transactionalId)
  if (ended.length === 0) return
  const link = passable(way)
  const requests = ended.map(([transactionalId, hold]) => {
    const body = { ...defaultEndTxnRequest(), transactionalId, ...hold, committed: false }
    return link.request<EndTxnResponse>({ ...END_TXN, body })
  })
  // An answer that says there was nothing to abort, or a connection that is gone, is as good as an abort.
  await Promise.allSettled(requests)
  if (link !== way.link) link.close()
}

/** The rest of a frame that is half sent may never come, and nothing may stand before it: then aborts go by another way. */
function passable({ link, openAnother }: AbortWay): UpstreamLink {
  if (openAnother === null || !link.upstream.isInFrame) return link
  try {
    return openAnother()
  } catch {
    return link
  }
}
