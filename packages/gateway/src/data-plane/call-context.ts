import type { ApprovalObligation, Principal, ResourceType } from '@headgate/policy'
import type { RequestHeader } from '@headgate/wire'
import type { AskStatus } from '../control-port.ts'
import type { AskView } from './ask-view.ts'
import type { AccessLog } from './audit/access-log.ts'
import type { BrokerAddresses } from './broker-addresses.ts'
import type { ClientState } from './client-state.ts'
import type { ClusterView } from './cluster-view.ts'
import type { Judgement } from './judgement.ts'
import type { PrincipalPolicy } from './policy-view.ts'
import type { ReadBufferPool } from './read-buffers.ts'
import type { MaskCompiler } from './records/compiled-mask.ts'
import type { MaskedRecordSet } from './records/masked-record-set.ts'
import type { UpstreamRequest } from './upstream-request.ts'

/** A refused part of a request. */
export interface Denial {
  readonly resourceType: ResourceType
  readonly resourceName: string
  readonly operation: string
  readonly partition: number | undefined
  readonly decision: Judgement
  readonly errorCode: number
}

/** Who is told what became of a call. */
export interface CallReports {
  /** A part was refused. */
  denial(denial: Denial): void
  /** A part was let pass by the mode of its resource; the decision is what would be. */
  wouldDeny(denial: Denial): void
  /** Records were masked: read by the client, or written by it. */
  masked(operation: 'read' | 'write', topic: string, partition: number, result: MaskedRecordSet): void
  /** An ask is to be opened. */
  ask(ask: AskStatus, approval: ApprovalObligation, ruleIds: readonly string[]): void
}

/** What a call needs of the connection it came on. */
export interface CallContext {
  readonly header: RequestHeader
  readonly policy: PrincipalPolicy
  readonly principal: Principal
  readonly asks: AskView
  readonly masks: MaskCompiler
  readonly buffers: ReadBufferPool
  readonly access: AccessLog
  readonly nowUnixMs: () => number
  readonly state: ClientState
  readonly cluster: ClusterView
  readonly addresses: BrokerAddresses
  readonly maxTransactionTimeoutMs: number
  /** Milliseconds that a broker may keep the answer waiting without passing a boundary. */
  readonly waitBudgetMs: number
  readonly reports: CallReports
  /** Sends the broker a request of the gateway's own behind the client's, whose answer nobody waits for. */
  readonly alsoSend: (request: UpstreamRequest) => void
  /** Where people find an ask. */
  readonly askUrl: (askId: string) => string
}
