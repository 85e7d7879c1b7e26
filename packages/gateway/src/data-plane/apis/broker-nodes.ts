import type { Call } from '../call.ts'

/** No broker, as Kafka's answers write it. */
export const NO_NODE: { readonly nodeId: number; readonly host: string; readonly port: number } = Object.freeze({
  nodeId: -1,
  host: '',
  port: -1,
})

interface Address {
  host: string
  port: number
}

/** A broker in an answer that names it by `nodeId`. */
export interface BrokerNode extends Address {
  nodeId: number
}

/**
 * The brokers of an answer at the addresses that clients are told; those that the gateway does not serve are left out.
 *
 * INVARIANT: no broker's own address stays in what is returned.
 */
export function servedBrokers<Broker extends Address>(
  call: Call,
  brokers: readonly Broker[],
  idOf: (broker: Broker) => number,
): Broker[] {
  return brokers.flatMap((broker) => {
    const address = call.addressOf(idOf(broker))
    return address === undefined ? [] : [{ ...broker, host: address.host, port: address.port }]
  })
}

/** Rewrites the leaders' addresses that an answer brings along; `false` when there are none. */
export function rewriteNodeEndpoints(call: Call, response: { nodeEndpoints: BrokerNode[] }): boolean {
  if (response.nodeEndpoints.length === 0) return false
  response.nodeEndpoints = servedBrokers(call, response.nodeEndpoints, ({ nodeId }) => nodeId)
  return true
}

/** A controller that clients can reach: the one that was named, or any other broker, since brokers forward. */
export function servedController(call: Call, controllerId: number, servedIds: readonly number[]): number {
  return call.addressOf(controllerId) === undefined ? (servedIds[0] ?? NO_NODE.nodeId) : controllerId
}
