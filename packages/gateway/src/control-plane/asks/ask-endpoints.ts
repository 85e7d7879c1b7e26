import { randomUUID } from 'node:crypto'
import type { Clock } from '@headgate/core'
import type { Context, Handler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { type BearerOptions, requireBearer } from '../bearer.ts'
import { clientAddressOf } from '../client-address.ts'
import type { AddRoutes } from '../http-app.ts'
import { answerProblem } from '../problem-answer.ts'
import type { Ask, AskActor } from './ask.ts'
import { maySee } from './ask-access.ts'
import { answerAskError, showAsk } from './ask-answer.ts'
import {
  type OpenBody,
  parseListQuery,
  parseOpenBody,
  parseReasonedBody,
  parseStepBody,
  type StepBody,
} from './ask-body.ts'
import { listAsks } from './ask-list.ts'
import { type AskAct, type AskDraft, approve, cancel, deny, giveReason, revoke } from './ask-machine.ts'
import { AskPolicy } from './ask-needs.ts'
import type { Asks } from './asks.ts'
import { AskExistsError, AskUnknownError } from './errors.ts'
import { NewestGroups } from './newest-groups.ts'

/** What {@link askRoutes} needs. */
export interface AskEndpointOptions extends Omit<BearerOptions, 'event' | 'problems'> {
  readonly asks: Asks
  readonly clock: Pick<Clock, 'nowUnixMs'>
}

type Handle = (c: Context, actor: AskActor) => Promise<Response>
type Move = (ask: Ask, act: AskAct, reason: string) => Ask

const MAX_BODY_BYTES = 8_192
const NO_STORE = { 'Cache-Control': 'no-store' }

const limitBody = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: (c) => answerProblem(c, { status: 413, title: 'the body is too long', code: 'ERR_GATEWAY_ASK_BODY' }),
})

class AskEndpoints {
  readonly #options: AskEndpointOptions
  readonly #policy: AskPolicy

  constructor(options: AskEndpointOptions) {
    this.#options = options
    this.#policy = new AskPolicy(options.clock)
  }

  readonly list: Handle = async (c, actor) => {
    const { asks, next } = await listAsks(
      this.#options.asks,
      actor,
      parseListQuery(c.req.query()),
      this.#seesAll(actor),
    )
    const body = { asks: asks.map((ask) => showAsk(ask, actor)), ...(next === undefined ? {} : { next }) }
    return c.json(body, 200, NO_STORE)
  }

  readonly show: Handle = async (c, actor) => c.json(showAsk(await this.#find(c, actor), actor), 200, NO_STORE)

  /** Opens an ask for each approval that is wanted; one that is under way without a reason is given it. */
  readonly open: Handle = async (c, actor) => {
    const body = parseOpenBody(await c.req.text())
    const snapshot = this.#options.policySource.current
    const { approvals, ...needs } = this.#policy.needsOf(snapshot, actor, body.topic, body.operation)
    const { issuer, subject } = actor
    const drafts = approvals.map((approval): AskDraft => {
      const { topic, operation, reason, durationMs, startsAtUnixMs: windowStartUnixMs } = body
      const scope = { issuer, subject, protection: approval.protection, topic, operation }
      const source = { address: clientAddressOf(c) }
      const wish = { reason, durationMs, windowStartUnixMs }
      return { id: `ask_${randomUUID()}`, scope, approval, ...needs, origin: { kind: 'request' }, source, ...wish }
    })
    const asks = await this.#openAll(drafts, (draft) => this.#openOne(c, actor, draft, body))
    return c.json({ asks: asks.map((ask) => showAsk(ask, actor)) }, 201, NO_STORE)
  }

  /** Makes the handler of a step. The body is parsed, then the ask is looked at, then the step is taken. */
  step(parse: (text: string) => StepBody, move: Move): Handle {
    return async (c, actor) => {
      const { reason, revision } = parse(await c.req.text())
      const { id } = await this.#find(c, actor)
      const source = { address: clientAddressOf(c) }
      const take = (ask: Ask, nowUnixMs: number): Ask => move(ask, { actor, nowUnixMs, reason, source }, reason ?? '')
      return c.json(showAsk(await this.#options.asks.move(id, take, revision), actor), 200, NO_STORE)
    }
  }

  /** Of several approvals those that are under way already are told beside those that were opened; if all are, that is why not. */
  async #openAll(drafts: readonly AskDraft[], open: (draft: AskDraft) => Promise<Ask>): Promise<readonly Ask[]> {
    const outcomes = await Promise.all(drafts.map((draft) => open(draft).catch((error: unknown) => error)))
    const failure = outcomes.find((outcome) => outcome instanceof Error && !(outcome instanceof AskExistsError))
    const opened = outcomes.flatMap((outcome) => (outcome instanceof Error ? [] : [outcome as Ask]))
    if (failure !== undefined) throw failure
    if (opened.length === 0) throw outcomes[0]
    const newest = await Promise.all(drafts.map(({ scope }) => this.#options.asks.newestOf(scope)))
    return newest.flatMap((ask) => ask ?? [])
  }

  async #openOne(c: Context, actor: AskActor, draft: AskDraft, { reason }: OpenBody): Promise<Ask> {
    const { asks } = this.#options
    const known = await asks.newestOf(draft.scope)
    const lacksReason = known?.state === 'pending' && known.reason === undefined
    if (!lacksReason || reason === undefined) return asks.open(draft)
    // What was left out is as it is; another time or window is another wish.
    const { durationMs = known.durationMs, windowStartUnixMs = known.windowStartUnixMs } = draft
    if (durationMs !== known.durationMs || windowStartUnixMs !== known.windowStartUnixMs) {
      throw new AskExistsError(known.id, known.state)
    }
    const source = { address: clientAddressOf(c) }
    return asks.move(known.id, (ask, nowUnixMs) => giveReason(ask, { actor, nowUnixMs, reason, source }))
  }

  async #find(c: Context, actor: AskActor): Promise<Ask> {
    const ask = await this.#options.asks.find(c.req.param('id') ?? '')
    if (ask === undefined || !(maySee(ask, actor) || this.#seesAll(actor))) throw new AskUnknownError()
    return ask
  }

  #seesAll(actor: AskActor): boolean {
    return this.#policy.mayReadAll(this.#options.policySource.current, actor)
  }
}

/**
 * Makes the routes of `/v1/asks`: asking for an approval, and deciding.
 *
 * A token of the gateway or of an accepted issuer is taken. Decisions go by the groups of the newest token of whoever
 * decides. Errors are `application/problem+json` with a `code`.
 */
export function askRoutes(options: AskEndpointOptions): AddRoutes {
  const endpoints = new AskEndpoints(options)
  const people = new NewestGroups()
  const signedIn = (handle: Handle): Handler =>
    requireBearer({ ...options, event: 'ask' }, async (c, signIn) => {
      const actor = people.actorOf(signIn)
      try {
        return await handle(c, actor)
      } catch (error) {
        return answerAskError(c, error, actor, options.log)
      }
    })
  return (app, failures) => {
    const post = (path: string, handle: Handle): void => void app.post(path, failures, limitBody, signedIn(handle))
    app.get('/v1/asks', failures, signedIn(endpoints.list))
    app.get('/v1/asks/:id', failures, signedIn(endpoints.show))
    post('/v1/asks', endpoints.open)
    post('/v1/asks/:id/approve', endpoints.step(parseStepBody, approve))
    post('/v1/asks/:id/deny', endpoints.step(parseReasonedBody, deny))
    post('/v1/asks/:id/revoke', endpoints.step(parseStepBody, revoke))
    post('/v1/asks/:id/cancel', endpoints.step(parseStepBody, cancel))
    post(
      '/v1/asks/:id/reason',
      endpoints.step(parseReasonedBody, (ask, act, reason) => giveReason(ask, { ...act, reason })),
    )
  }
}
