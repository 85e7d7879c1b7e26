import {
  type ApprovalObligation,
  CLUSTER_NAME,
  type Decision,
  decide,
  isTopicName,
  Operation,
  operationName,
  type Program,
  type ResourceType,
} from '@headgate/policy'
import { apiMessage, ErrorCode } from '@headgate/wire'
import type { AskScope, AskStatus } from '../control-port.ts'
import { isBrokersPrincipal } from '../principal-residual.ts'
import type { AccessLog } from './audit/access-log.ts'
import type { AccessMasking, AccessRequest } from './audit/access-place.ts'
import { PassedAccesses } from './audit/passed-accesses.ts'
import type { CallContext } from './call-context.ts'
import type { ClientState } from './client-state.ts'
import type { ClusterView } from './cluster-view.ts'
import type { Judgement } from './judgement.ts'
import type { ReadBufferPool } from './read-buffers.ts'
import type { CompiledMask } from './records/compiled-mask.ts'
import type { MaskedRecordSet } from './records/masked-record-set.ts'
import { Rights } from './rights.ts'
import type { UpstreamAddress } from './upstream.ts'

/** What changes the cluster, and so is on record one by one. */
const CHANGES: ReadonlySet<Operation> = new Set([
  Operation.Create,
  Operation.Delete,
  Operation.Alter,
  Operation.AlterConfigs,
])

const DENIED_CODES: Readonly<Record<ResourceType, number>> = Object.freeze({
  topic: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  group: ErrorCode.GROUP_AUTHORIZATION_FAILED,
  'transactional-id': ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  cluster: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
})

/** A request is long over, or was given up, after this time. */
const NEAR_BOUNDARY_MS = 300_000

function isNoRule(decision: Decision | undefined): boolean {
  return decision?.reason === 'no-rule' || decision?.reason === 'groups-unknown'
}

/**
 * One request under one policy: what an API asks of the gateway while it decides.
 *
 * `judge` is for what moves records: it opens asks, reports denials, and tells what is obliged. `permits` is for what else
 * the client asked, and reports a denial; what {@link Rights} tells is for filtering, and reports nothing.
 */
export class Call extends Rights {
  readonly #context: CallContext
  readonly #program: Program
  /** The moment at which a decision of this call ends, in milliseconds since the epoch. */
  validUntilUnixMs: number = Number.POSITIVE_INFINITY
  /** Whether something was let through that must be on record before it takes place. */
  mustRecord = false
  #passes: PassedAccesses | undefined
  #accessRequest: AccessRequest | undefined
  #maskings: Map<string, AccessMasking> | undefined
  #names: Map<string, string> | undefined

  constructor(context: CallContext) {
    super({ ...context, program: context.policy.program })
    this.#context = context
    this.#program = context.policy.program
  }

  get apiVersion(): number {
    return this.#context.header.apiVersion
  }

  /** What the connection reads and writes. */
  get access(): AccessLog {
    return this.#context.access
  }

  /** This request, as the trail speaks of it. */
  get accessRequest(): AccessRequest {
    const { header, policy } = this.#context
    const { apiKey, apiVersion, clientId } = header
    this.#accessRequest ??= {
      api: apiMessage(apiKey).name,
      apiVersion,
      clientId: clientId ?? '',
      policyRevision: policy.revision,
    }
    return this.#accessRequest
  }

  get state(): ClientState {
    return this.#context.state
  }

  get cluster(): ClusterView {
    return this.#context.cluster
  }

  /**
   * The name of a topic id, when it is known without asking.
   *
   * INVARIANT: an id has one name from a call's decision to its answer, also when the topic is made anew meanwhile: what is
   * obliged by name must still be found then.
   */
  topicName(topicId: string): string | undefined {
    const known = this.#names?.get(topicId) ?? this.cluster.topicName(topicId)
    if (known === undefined) return undefined
    this.#names ??= new Map()
    this.#names.set(topicId, known)
    return known
  }

  /** How long a broker may keep the answer waiting: to the end of the session, or of the first right that was used. */
  get waitBudgetMs(): number {
    const { waitBudgetMs, nowUnixMs } = this.#context
    if (this.validUntilUnixMs === Number.POSITIVE_INFINITY) return waitBudgetMs
    return Math.max(0, Math.min(waitBudgetMs, this.validUntilUnixMs - nowUnixMs()))
  }

  /** Memory for what is made of an answer. */
  get buffers(): ReadBufferPool {
    return this.#context.buffers
  }

  get maxTransactionTimeoutMs(): number {
    return this.#context.maxTransactionTimeoutMs
  }

  /** Decides an access to records of a partition, opens the asks that it wants, and reports a denial. */
  judge(operation: typeof Operation.Read | typeof Operation.Write, topic: string, partition: number): Judgement {
    const judgement = this.settle('topic', operation, topic, partition, true)
    if (judgement.effect === 'allow') this.#endWith(judgement)
    if (judgement.effect === 'allow' && judgement.obligations?.audit === 'required') this.mustRecord = true
    if (judgement.effect === 'deny') this.#reportDenial('topic', operation, topic, partition, judgement)
    else this.passed('topic', operation, topic, partition, judgement)
    return judgement
  }

  /** A right ends with its approval, and may end with a rule's schedule; one that is far off concerns no request of now. */
  #endWith({ validUntilUnixMs = Number.POSITIVE_INFINITY }: Judgement): void {
    const boundary = this.#program.validUntilUnixMs
    const isNear = boundary !== Number.POSITIVE_INFINITY && boundary - this.#context.nowUnixMs() < NEAR_BOUNDARY_MS
    this.validUntilUnixMs = Math.min(this.validUntilUnixMs, validUntilUnixMs, isNear ? boundary : validUntilUnixMs)
  }

  /** The mask that what was judged has to go through; `undefined` where it may be seen, or written, as it is. */
  maskOf({ obligations }: Judgement): CompiledMask | undefined {
    if (obligations?.mask === undefined) return undefined
    const mask = this.#context.masks.compile(obligations.mask)
    return mask.plan?.isEmpty === true ? undefined : mask
  }

  /** Tells what became of the records of a partition. */
  masked(operation: 'read' | 'write', topic: string, partition: number, result: MaskedRecordSet): void {
    this.#context.reports.masked(operation, topic, partition, result)
    this.#maskings ??= new Map()
    this.#maskings.set(`${partition} ${topic}`, { masked: result.masked, withheld: result.withheldCount })
  }

  /** What was done to the records of a partition, where masks applied. */
  maskingOf(topic: string, partition: number): AccessMasking | undefined {
    return this.#maskings?.get(`${partition} ${topic}`)
  }

  /** Decides as {@link Call.judge} does; nothing is opened or reported. */
  foresee(operation: typeof Operation.Read | typeof Operation.Write, topic: string, partition?: number): Judgement {
    return this.settle('topic', operation, topic, partition)
  }

  /** Whether the principal may do it, or may once it is approved; a denial is reported. Without `partition` the whole topic is meant. */
  permits(resourceType: ResourceType, operation: Operation, name: string, partition?: number): boolean {
    const judgement = this.settle(resourceType, operation, name, partition)
    if (judgement.effect !== 'deny') {
      if (CHANGES.has(operation)) this.#tellChange(resourceType, operation, name, judgement)
      this.passed(resourceType, operation, name, partition, judgement)
      return true
    }
    this.#reportDenial(resourceType, operation, name, partition, judgement)
    return false
  }

  /**
   * Likewise, whatever a mode would let pass: for what holds at the brokers themselves, and longer than any mode. Whoever comes with
   * a credential of the brokers is theirs to refuse.
   */
  isGranted(resourceType: ResourceType, operation: Operation, name: string): boolean {
    const { wouldBe } = this.settle(resourceType, operation, name, undefined)
    if (wouldBe === undefined || isBrokersPrincipal(this.#context.principal))
      return this.permits(resourceType, operation, name)
    this.#reportDenial(resourceType, operation, name, undefined, wouldBe)
    return false
  }

  /** Whether the principal may create the topic: then it is on record, and reported as denied otherwise. */
  creates(topicName: string): boolean {
    if (!this.canCreate(topicName)) return this.permits('topic', Operation.Create, topicName)
    const byName = decide(this.#program, 'topic', Operation.Create, topicName)
    const byCluster = decide(this.#program, 'cluster', Operation.Create, CLUSTER_NAME)
    // A grant for the cluster counts where the name has none; also where a mode would let the name pass.
    const isByCluster = byName.effect !== 'allow' || (isNoRule(byName.wouldBe) && byCluster.wouldBe === undefined)
    const granted = isByCluster && byCluster.effect === 'allow' ? byCluster : byName
    this.#tellChange('topic', Operation.Create, topicName, granted)
    this.passed('topic', Operation.Create, topicName, undefined, granted)
    if (granted === byCluster) this.passed('cluster', Operation.Create, CLUSTER_NAME, undefined, granted)
    return true
  }

  /** A topic came to be because the client named it. */
  created(topicName: string): void {
    const { ruleIds } = this.settle('topic', Operation.Create, topicName, undefined)
    this.passes.took('topic', Operation.Create, topicName, undefined, ruleIds)
  }

  /** What was foreseen is let pass: it counts as seen, and is told where it would be denied. */
  passed(
    resourceType: ResourceType,
    operation: Operation,
    name: string,
    partition: number | undefined,
    judgement: Judgement,
  ): void {
    const { ruleIds, wouldBe } = judgement
    if (judgement.effect === 'allow') this.passes.add(resourceType, operation, name, partition, ruleIds)
    if (wouldBe === undefined) return
    const denial = { resourceType, resourceName: name, operation: operationName(operation), partition }
    this.#context.reports.wouldDeny({ ...denial, decision: wouldBe, errorCode: DENIED_CODES[resourceType] })
  }

  /** What this request was let do. */
  get passes(): PassedAccesses {
    const { principal, header } = this.#context
    this.#passes ??= new PassedAccesses({ principal, clientId: header.clientId, seen: this.access.seen })
    return this.#passes
  }

  /** Sends the broker a request in the client's name, behind its own; once another policy is in force it is not sent. */
  alsoSend(apiKey: number, body: unknown): void {
    const { apiVersion, clientId } = this.#context.header
    this.#context.alsoSend({ apiKey, apiVersion, clientId: clientId ?? '', body })
  }

  /** Where people find an ask. */
  askUrl(askId: string): string {
    return this.#context.askUrl(askId)
  }

  /** The address a client is told for a broker; `undefined` for one that the gateway does not serve. */
  addressOf(brokerId: number): UpstreamAddress | undefined {
    return this.#context.addresses.addressOf(brokerId)
  }

  /** People are shown the name in an ask: one that no topic can have, with whatever characters, opens none. */
  protected override openAsk(
    scope: AskScope,
    approval: ApprovalObligation,
    { ruleIds }: Decision,
  ): AskStatus | undefined {
    if (!isTopicName(scope.topic)) return undefined
    const ask = this.#context.asks.open(scope)
    if (ask !== undefined) this.#context.reports.ask(ask, approval, ruleIds)
    return ask
  }

  #tellChange(resourceType: ResourceType, operation: Operation, resourceName: string, { ruleIds }: Judgement): void {
    this.access.changed(this.accessRequest, {
      resourceType,
      resourceName,
      operation: operationName(operation),
      ruleIds,
    })
  }

  #reportDenial(
    resourceType: ResourceType,
    operation: Operation,
    resourceName: string,
    partition: number | undefined,
    decision: Judgement,
  ): void {
    const errorCode = DENIED_CODES[resourceType]
    this.#context.reports.denial({
      resourceType,
      resourceName,
      operation: operationName(operation),
      partition,
      decision,
      errorCode,
    })
  }
}
