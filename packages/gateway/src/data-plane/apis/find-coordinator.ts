import { Operation } from '@headgate/policy'
import {
  defaultFindCoordinatorResponse,
  ErrorCode,
  errorCodeName,
  type FindCoordinatorRequest,
  type FindCoordinatorResponse,
  type FindCoordinatorResponseCoordinator,
} from '@headgate/wire'
import { type AnyApi, answer, defineApi, forward, forwardInstead, type Verdict } from '../api.ts'
import type { Call } from '../call.ts'
import { type BrokerNode, NO_NODE } from './broker-nodes.ts'

const FIRST_VERSION_WITH_LIST = 4
const GROUP = 0
const TRANSACTION = 1

type FindCoordinatorVerdict = Verdict<FindCoordinatorRequest, FindCoordinatorResponse>

/**
 * FindCoordinator: Describe on the group, or on the transactional id. Share coordinators are not offered.
 *
 * A coordinator that the gateway does not serve is one that is not available.
 */
export const findCoordinator: AnyApi = defineApi<FindCoordinatorRequest, FindCoordinatorResponse>({
  apiKey: 10,
  minVersion: 0,
  maxVersion: 6,
  decide(call, request) {
    return call.apiVersion < FIRST_VERSION_WITH_LIST ? decideOne(call, request) : decideList(call, request)
  },
})

function decideOne(call: Call, request: FindCoordinatorRequest): FindCoordinatorVerdict {
  const errorCode = refusalOf(call, request.keyType, request.key)
  if (errorCode === ErrorCode.NONE) return forward((response) => void rewriteNode(call, response))
  const { errorMessage } = refusedCoordinator(request.key, errorCode)
  return answer({ ...defaultFindCoordinatorResponse(), ...NO_NODE, errorCode, errorMessage })
}

function decideList(call: Call, request: FindCoordinatorRequest): FindCoordinatorVerdict {
  const refusals: FindCoordinatorResponseCoordinator[] = []
  const coordinatorKeys = request.coordinatorKeys.filter((key) => {
    const errorCode = refusalOf(call, request.keyType, key)
    if (errorCode !== ErrorCode.NONE) refusals.push(refusedCoordinator(key, errorCode))
    return errorCode === ErrorCode.NONE
  })
  const edit = (response: FindCoordinatorResponse): void => editList(call, response, coordinatorKeys, refusals)
  if (refusals.length === 0) return forward(edit)
  if (coordinatorKeys.length === 0) return answer({ ...defaultFindCoordinatorResponse(), coordinators: refusals })
  return forwardInstead({ ...request, coordinatorKeys }, edit)
}

function editList(
  call: Call,
  response: FindCoordinatorResponse,
  allowedKeys: readonly string[],
  refusals: readonly FindCoordinatorResponseCoordinator[],
): void {
  const allowed = new Set(allowedKeys)
  const answered = response.coordinators.filter(({ key }) => allowed.has(key))
  for (const coordinator of answered) rewriteNode(call, coordinator)
  response.coordinators = [...answered, ...refusals]
}

function refusalOf(call: Call, keyType: number, key: string): number {
  if (keyType === GROUP) {
    return call.permits('group', Operation.Describe, key) ? ErrorCode.NONE : ErrorCode.GROUP_AUTHORIZATION_FAILED
  }
  if (keyType !== TRANSACTION) return ErrorCode.INVALID_REQUEST
  const isPermitted = call.permits('transactional-id', Operation.Describe, key)
  return isPermitted ? ErrorCode.NONE : ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
}

function refusedCoordinator(key: string, errorCode: number): FindCoordinatorResponseCoordinator {
  return { ...NO_NODE, key, errorCode, errorMessage: errorCodeName(errorCode) ?? null }
}

function rewriteNode(call: Call, node: BrokerNode & { errorCode: number }): void {
  const address = call.addressOf(node.nodeId)
  if (address === undefined) Object.assign(node, NO_NODE)
  else Object.assign(node, { host: address.host, port: address.port })
  if (address === undefined && node.errorCode === ErrorCode.NONE) node.errorCode = ErrorCode.COORDINATOR_NOT_AVAILABLE
}
