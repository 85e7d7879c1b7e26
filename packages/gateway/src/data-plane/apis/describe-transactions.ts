import { Operation } from '@headgate/policy'
import {
  type DescribeTransactionsRequest,
  type DescribeTransactionsResponse,
  type DescribeTransactionsResponseTransactionState,
  defaultDescribeTransactionsResponse,
  defaultDescribeTransactionsResponseTransactionState,
  ErrorCode,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead } from '../api.ts'
import { withRefusals } from './refusals.ts'
import { splitItems } from './request-split.ts'

/** DescribeTransactions: Describe on each transactional id; of its topics, those that may be described are shown. */
export const describeTransactions: AnyApi = defineApi<DescribeTransactionsRequest, DescribeTransactionsResponse>({
  apiKey: 65,
  minVersion: 0,
  maxVersion: 0,
  decide(call, request) {
    const { allowed, denied } = splitItems(request.transactionalIds, (id) =>
      call.permits('transactional-id', Operation.Describe, id),
    )
    const refusals = denied.map(refusedTransaction)
    if (allowed.length === 0 && denied.length > 0) {
      return answer({ ...defaultDescribeTransactionsResponse(), transactionStates: refusals })
    }
    const edit = (response: DescribeTransactionsResponse): void => {
      for (const state of response.transactionStates) {
        state.topics = state.topics.filter(({ topic }) => call.can('topic', Operation.Describe, topic))
      }
      response.transactionStates = withRefusals(
        response.transactionStates,
        refusals,
        ({ transactionalId }) => transactionalId,
      )
    }
    return denied.length === 0 ? forward(edit) : forwardInstead({ ...request, transactionalIds: allowed }, edit)
  },
})

function refusedTransaction(transactionalId: string): DescribeTransactionsResponseTransactionState {
  const errorCode = ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
  return { ...defaultDescribeTransactionsResponseTransactionState(), transactionalId, errorCode }
}
