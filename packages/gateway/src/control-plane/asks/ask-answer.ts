import type { LogPort } from '@headgate/core'
import type { Owner } from '@headgate/policy'
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { StoreFailedError, StoreOpenError } from '../../store/errors.ts'
import { clientAddressOf } from '../client-address.ts'
import { answerProblem } from '../problem-answer.ts'
import { type Ask, type AskActor, approversOf, isEnded } from './ask.ts'
import { approvingGroups, isFor } from './ask-access.ts'
import { AskError } from './errors.ts'

const STATUS: Readonly<Record<string, ContentfulStatusCode>> = Object.freeze({
  ERR_GATEWAY_ASK_BODY: 400,
  ERR_GATEWAY_ASK_TIME: 400,
  ERR_GATEWAY_ASK_UNKNOWN: 404,
  ERR_GATEWAY_ASK_NOT_APPROVER: 403,
  ERR_GATEWAY_ASK_NOT_REQUESTER: 403,
  ERR_GATEWAY_ASK_OWN: 403,
  ERR_GATEWAY_ASK_NOT_GRANTED: 403,
  ERR_GATEWAY_ASK_LIMIT: 429,
})

/** Answers with why an ask was not opened, shown or moved on, and logs it; anything else is thrown on. */
export function answerAskError(c: Context, error: unknown, { issuer, subject }: AskActor, log: LogPort): Response {
  if (error instanceof StoreOpenError || error instanceof StoreFailedError) {
    return answerProblem(c, { status: 503, title: 'the store does not answer', code: error.code })
  }
  if (!(error instanceof AskError)) throw error
  const askId = c.req.param('id')
  const fields = { event: 'ask', decision: 'deny', code: error.code, issuer, principal: subject }
  log.warn({ ...fields, ...(askId && { askId }), clientAddress: clientAddressOf(c) }, 'request about an ask refused')
  // What is left contradicts how the ask stands.
  const status = STATUS[error.code] ?? 409
  const { id } = error.details
  const title = error.message
  return answerProblem(c, { status, title, code: error.code, ...(typeof id === 'string' ? { ask: id } : {}) })
}

/** `issuer/subject`, or a subject of any issuer. */
function ownerWords(owner: Owner | string): string {
  if (typeof owner === 'string') return owner
  return owner.issuer === undefined ? owner.subject : `${owner.issuer}/${owner.subject}`
}

/** An ask as the API shows it to somebody. */
export function showAsk(ask: Ask, actor: AskActor): object {
  const { scope, steps, approval, origin, ...rest } = { ...ask, owners: ask.owners.map(ownerWords) }
  const { issuer, subject, protection, topic, operation } = scope
  const { by, issuers, people, reason: reasonRule } = approval
  const isYours = isFor(ask, actor)
  return {
    ...rest,
    requester: { issuer, subject },
    ...{ protection, topic, operation, origin },
    approval: { by, ...(issuers === undefined ? {} : { issuers }), people, reason: reasonRule },
    approvedBy: approversOf(ask),
    // Where a request came from is for the audit.
    steps: steps.map(({ source: _source, ...step }) => step),
    isYours,
    mayDecide: !isEnded(ask.state) && !isYours && approvingGroups(ask, actor).length > 0,
  }
}
