import type { ClientState, TransactionHold } from '../client-state.ts'

const MAX_HOLDS = 1_000

/**
 * Keeps under which producer id and epoch a transactional id is used on a connection, so that its transaction can be
 * aborted when the right to it ends. The room is bounded: the longest unused hold is let go first.
 */
export function keepHold(state: ClientState, transactionalId: string, hold: TransactionHold): void {
  const { producerId, producerEpoch } = hold
  state.transactions.delete(transactionalId)
  const [oldest] = state.transactions.keys()
  if (state.transactions.size >= MAX_HOLDS && oldest !== undefined) state.transactions.delete(oldest)
  state.transactions.set(transactionalId, { producerId, producerEpoch })
}
