import type { ApprovalObligation } from '@headgate/policy'
import { apiMessage, type RequestHeader } from '@headgate/wire'
import type { AskStatus, ConnectionOrigin, DenialEvent } from '../control-port.ts'
import type { SignIn } from '../identity/authenticator.ts'
import type { Denial } from './call-context.ts'
import type { ClientState } from './client-state.ts'
import type { PlaneContext } from './plane-context.ts'
import type { PrincipalPolicy } from './policy-view.ts'
import type { MaskedRecordSet } from './records/masked-record-set.ts'

/** Refusals of one request that are told of one by one. */
const MAX_DENIALS_TOLD = 100
/** The longest name that policy considers. */
const MAX_NAME_TOLD = 255

/** What the reports of one request are made of. */
export interface RequestReportsOptions {
  readonly plane: PlaneContext
  readonly origin: ConnectionOrigin
  readonly signIn: SignIn | null
  readonly header: RequestHeader
  readonly policy: PrincipalPolicy
  /** Whether denials go untold, since the request is decided again by someone who tells. */
  readonly isSilent: boolean
  readonly state: ClientState
}

/**
 * Tells the control plane what became of one request.
 *
 * A request can be refused in as many parts as it has bytes; what is told of them is bounded.
 */
export class RequestReports {
  readonly #options: RequestReportsOptions
  #told = 0

  constructor(options: RequestReportsOptions) {
    this.#options = options
  }

  /** Tells of a refused part. */
  denial(denial: Denial): void {
    if (this.#options.isSilent) return
    this.#told += 1
    if (this.#told <= MAX_DENIALS_TOLD) this.#report(denial)
    if (this.#told !== MAX_DENIALS_TOLD + 1) return
    const { plane, origin, policy, header } = this.#options
    const { name: apiName } = apiMessage(header.apiKey)
    const principal = policy.principal.subject
    const fields = { event: 'denials-not-told', ...origin, principal, apiName, count: MAX_DENIALS_TOLD }
    plane.log.warn(fields, 'a request was refused in more parts than are logged one by one')
  }

  /** Tells of a part that passed by the mode of its resource, once for each connection and policy: it goes on passing. */
  wouldDeny(denial: Denial): void {
    const { state, policy } = this.#options
    const { resourceType, resourceName, operation, partition, decision } = denial
    // Which partition it is matters only where a rule tells them apart.
    const part = decision.reason === 'partition-not-granted' ? partition : undefined
    const what = [resourceType, operation, resourceName.slice(0, MAX_NAME_TOLD), part ?? null]
    if (!state.wouldDeny.isNew(policy.revision, JSON.stringify(what))) return
    const { errorCode: _errorCode, ...event } = this.#denialEvent({ ...denial, partition: part })
    this.#options.plane.control.report({ kind: 'would-deny', ...event })
  }

  /** Tells that records were withheld: the client does not see that of everything. */
  masked(operation: 'read' | 'write', topic: string, partition: number, { withheld }: MaskedRecordSet): void {
    const { plane, origin, policy, header } = this.#options
    for (const { reason, count } of withheld) {
      this.#told += 1
      if (this.#told > MAX_DENIALS_TOLD) return
      const principal = policy.principal.subject
      const where = { resourceType: 'topic', resourceName: topic.slice(0, MAX_NAME_TOLD), partition, operation }
      const clientId = header.clientId ?? ''
      const fields = { event: 'records-withheld', ...origin, principal, clientId, ...where, reason, count }
      plane.log.warn(fields, 'records could not be masked')
    }
  }

  /** Tells that an ask is to be opened. */
  ask(ask: AskStatus, approval: ApprovalObligation, ruleIds: readonly string[]): void {
    const { plane, origin, signIn, header, policy } = this.#options
    plane.control.report({
      kind: 'ask',
      ...origin,
      askId: ask.id,
      scope: ask.scope,
      ...(policy.principal.groups === undefined ? {} : { groups: policy.principal.groups }),
      approval,
      ruleIds,
      sessionId: signIn?.sessionId ?? '',
      clientId: header.clientId ?? '',
      policyRevision: policy.revision,
    })
  }

  #report(denial: Denial): void {
    this.#options.plane.control.report({ kind: 'denial', ...this.#denialEvent(denial) })
  }

  #denialEvent({ partition, decision, resourceName, ...resource }: Denial): Omit<DenialEvent, 'kind'> {
    const { origin, signIn, header, policy } = this.#options
    return {
      ...origin,
      principal: policy.principal.subject,
      issuer: policy.principal.issuer,
      sessionId: signIn?.sessionId ?? '',
      clientId: header.clientId ?? '',
      apiKey: header.apiKey,
      apiName: apiMessage(header.apiKey).name,
      apiVersion: header.apiVersion,
      ...resource,
      resourceName: resourceName.slice(0, MAX_NAME_TOLD),
      ...(partition === undefined ? {} : { partition }),
      decision: decision.effect,
      reason: decision.reason,
      ruleIds: decision.ruleIds,
      policyRevision: policy.revision,
    }
  }
}
