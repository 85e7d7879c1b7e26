import type { Clock, LogPort } from '@headgate/core'
import { ownersOf } from '@headgate/policy'
import type { AskEvent } from '../../control-port.ts'
import type { PolicyFileSource } from '../policy-source.ts'
import type { AskDraft } from './ask-machine.ts'
import type { Asks } from './asks.ts'
import { AskError } from './errors.ts'

/** What {@link createAskIntake} needs. */
export interface AskIntakeOptions {
  readonly asks: Asks
  readonly policySource: PolicyFileSource
  readonly log: LogPort
  readonly clock: Clock
}

const RETRY_MS = 5_000

function draftOf(event: AskEvent, { policySource }: AskIntakeOptions): AskDraft {
  const { askId, scope, approval, ruleIds, policyRevision, sessionId, clientId } = event
  const { clientAddress, connectionId, listener } = event
  const { issuer, subject } = scope
  const owners = ownersOf(policySource.current.document, { issuer, subject, groups: event.groups })
  return {
    ...{ id: askId, scope, approval, owners, ruleIds, policyRevision },
    origin: { kind: 'traffic', sessionId, clientId },
    source: { address: clientAddress, connectionId, listener },
  }
}

/**
 * Makes the function that opens asks for traffic. It never throws: a data plane has nobody to tell.
 *
 * While the store fails the ask is tried again, since the data plane reports it only once.
 */
export function createAskIntake(options: AskIntakeOptions): (event: AskEvent) => void {
  const { asks, log, clock } = options
  const take = (draft: AskDraft): void => {
    asks.openForTraffic(draft).catch((error: unknown) => {
      const { subject, issuer, topic, operation } = draft.scope
      const name = error instanceof Error ? error.name : 'unknown'
      const fields = { event: 'ask', askId: draft.id, principal: subject, issuer, resourceName: topic, operation }
      if (error instanceof AskError) {
        log.warn({ ...fields, code: error.code }, 'no ask was opened')
        return
      }
      log.error({ ...fields, error: name }, 'no ask could be opened yet')
      if (!asks.isClosed) clock.after(RETRY_MS, () => take(draft))
    })
  }
  return (event) => take(draftOf(event, options))
}
