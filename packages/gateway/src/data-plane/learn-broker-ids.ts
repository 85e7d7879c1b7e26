import { type Clock, type LogPort, silentLog, systemClock } from '@headgate/core'
import type { ClusterConfig } from '../config/gateway-config.ts'
import { ClusterView, upstreamTlsOptions } from './cluster-view.ts'
import { ReadBufferPool } from './read-buffers.ts'
import { UpstreamLinks } from './upstream-link.ts'

const MAX_FRAME_BYTES = 16_777_216

/**
 * Asks a cluster for the ids of its brokers, ascending: what a configuration that gives each of them a port has to name.
 *
 * @throws {UpstreamUnreachableError} `ERR_GATEWAY_UPSTREAM_UNREACHABLE` when no bootstrap server answers.
 * @throws {UpstreamSignInError} `ERR_GATEWAY_UPSTREAM_SIGN_IN` when the credential is refused.
 */
export async function learnBrokerIds(
  cluster: ClusterConfig,
  { log = silentLog, clock = systemClock }: { readonly log?: LogPort; readonly clock?: Clock } = {},
): Promise<readonly number[]> {
  const links = new UpstreamLinks(upstreamTlsOptions(cluster), MAX_FRAME_BYTES, new ReadBufferPool(), clock)
  const view = new ClusterView(cluster, links, log, clock)
  try {
    await view.start()
    return [...view.brokerIds].sort((a, b) => a - b)
  } finally {
    view.close()
  }
}
