import { Operation } from '@headgate/policy'
import type { ListTransactionsRequest, ListTransactionsResponse } from '@headgate/wire'
import { type AnyApi, defineApi, forward } from '../api.ts'

/** ListTransactions: shows the transactional ids on which Describe is granted. */
export const listTransactions: AnyApi = defineApi<ListTransactionsRequest, ListTransactionsResponse>({
  apiKey: 66,
  minVersion: 0,
  maxVersion: 2,
  decide(call) {
    return forward((response) => {
      const before = response.transactionStates.length
      response.transactionStates = response.transactionStates.filter(({ transactionalId }) =>
        call.can('transactional-id', Operation.Describe, transactionalId),
      )
      return response.transactionStates.length < before
    })
  },
})
