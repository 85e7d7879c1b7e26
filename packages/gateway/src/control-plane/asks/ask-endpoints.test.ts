import { readFileSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startTestControlPlane, type TestControlPlane } from '../control-plane-fixture.ts'
import { createLocalControl } from '../local-control.ts'
import { APPROVAL, until } from './ask-fixture.ts'

const PAGE = readFileSync(new URL('../../../../../docs/reference/approvals.md', import.meta.url), 'utf8')

const POLICY = `topics:
  - id: payments-approval
    match: [payments, "payouts-*"]
    approval: { by: [payments-leads], people: 2, reason: required, for: 1h, decide-within: 30m }
owners:
  - { of: { subjects: [billing-job] }, people: [olga] }
rules:
  - id: billing-reads-payments
    who: { subjects: [billing-job, ada] }
    may: { consume: [payments, orders, "payouts-*"] }
  - id: auditors
    who: { groups: [auditors] }
    may: { cluster: [read-audit] }
`

let plane: TestControlPlane
beforeEach(async () => {
  plane = await startTestControlPlane()
  writeFileSync(plane.policyPath, POLICY)
  expect(plane.policySource.reload().outcome).toBe('changed')
})
afterEach(() => plane.close())

interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at by assertions alone
  readonly body: any
}

async function call(subject: string, path: string, body?: unknown, groups: readonly string[] = []): Promise<Answer> {
  const token = await plane.issuer.sign({ sub: subject, client_id: subject, groups })
  const response = await fetch(plane.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  if (response.status >= 400) expect(response.headers.get('content-type')).toBe('application/problem+json')
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

const LEADS = ['payments-leads']
const WISH = { topic: 'payments', operation: 'consume', reason: 'month end' }

async function open(wish: object = {}, subject = 'billing-job'): Promise<string> {
  const { status, body } = await call(subject, '/v1/asks', { ...WISH, ...wish })
  expect(status).toBe(201)
  return body.asks[0].id
}

test('asking, approving by two, and what each of them is shown', async () => {
  const id = await open({ durationMs: 600_000 })
  expect((await call('billing-job', `/v1/asks/${id}`)).body).toMatchObject({
    ...{ id, revision: 1, state: 'pending', topic: 'payments', operation: 'consume', protection: 'payments-approval' },
    ...{ requester: { issuer: 'corp', subject: 'billing-job' }, reason: 'month end', durationMs: 600_000 },
    approval: { by: LEADS, people: 2, reason: 'required' },
    decideByUnixMs: plane.clock.nowUnixMs() + 1_800_000,
    ...{ isYours: true, mayDecide: false, ruleIds: ['billing-reads-payments'], owners: ['olga'] },
  })
  const first = await call('grace', `/v1/asks/${id}/approve`, '', LEADS)
  expect(first).toMatchObject({ status: 200, body: { state: 'pending', revision: 2, mayDecide: true } })
  plane.clock.advance(60_000)
  const second = await call('linus', `/v1/asks/${id}/approve`, { reason: 'fine', revision: 2 }, LEADS)
  const now = plane.clock.nowUnixMs()
  expect(second.body).toMatchObject({
    ...{ state: 'active', startsAtUnixMs: now, endsAtUnixMs: now + 600_000 },
    approvedBy: [
      { issuer: 'corp', subject: 'grace' },
      { issuer: 'corp', subject: 'linus' },
    ],
    steps: [{ kind: 'opened' }, { kind: 'vote' }, { kind: 'approved', reason: 'fine' }, { kind: 'active' }],
  })
  expect(JSON.stringify(second.body)).not.toContain('127.0.0.1')
  expect((await call('grace', `/v1/asks/${id}/revoke`, {}, LEADS)).body).toMatchObject({ state: 'revoked' })
})

describe('who may', () => {
  test('P4, R9: not the requester, not an owner, no other group, no auditor', async () => {
    const id = await open()
    for (const step of ['approve', 'deny']) {
      const body = { reason: 'x' }
      expect((await call('billing-job', `/v1/asks/${id}/${step}`, body, LEADS)).body.code).toBe('ERR_GATEWAY_ASK_OWN')
      expect((await call('olga', `/v1/asks/${id}/${step}`, body, LEADS)).body.code).toBe('ERR_GATEWAY_ASK_OWN')
      expect((await call('eve', `/v1/asks/${id}/${step}`, body, ['admin'])).status).toBe(404)
      const auditor = await call('anna', `/v1/asks/${id}/${step}`, body, ['auditors'])
      expect(auditor).toMatchObject({ status: 403, body: { code: 'ERR_GATEWAY_ASK_NOT_APPROVER' } })
    }
    expect((await call('anna', `/v1/asks/${id}`, undefined, ['auditors'])).body.state).toBe('pending')
    const refused = plane.lines.filter(({ event, decision }) => event === 'ask' && decision === 'deny')
    expect(refused).toHaveLength(8)
    expect(refused[1]).toMatchObject({ askId: id, principal: 'olga', code: 'ERR_GATEWAY_ASK_OWN' })
  })

  test('groups are those of the newest token, also for who comes with an older one', async () => {
    const id = await open()
    const before = await plane.issuer.sign({ sub: 'grace', client_id: 'grace', groups: LEADS })
    const withOld = async (): Promise<number> =>
      (await fetch(`${plane.url}/v1/asks/${id}`, { headers: { authorization: `Bearer ${before}` } })).status
    expect(await withOld()).toBe(200)
    plane.clock.advance(1_000)
    expect((await call('grace', `/v1/asks/${id}/approve`, {}, [])).body.code).toBe('ERR_GATEWAY_ASK_UNKNOWN')
    expect(await withOld()).toBe(404)
    plane.clock.advance(1_000)
    expect((await call('grace', `/v1/asks/${id}`, undefined, LEADS)).status).toBe(200)
    expect(await withOld()).toBe(200)
  })

  test('each sees their own, what they may decide, or all', async () => {
    await open()
    await open({}, 'ada')
    const count = async (subject: string, query = '', groups: readonly string[] = []): Promise<number> =>
      (await call(subject, `/v1/asks${query}`, undefined, groups)).body.asks.length
    expect(await count('billing-job')).toBe(1)
    expect(await count('olga')).toBe(1)
    expect(await count('eve', '', ['admin'])).toBe(0)
    expect(await count('anna', '', ['auditors'])).toBe(2)
    expect(await count('ada', '', LEADS)).toBe(2)
    expect(await count('ada', '?mine=true', LEADS)).toBe(1)
    expect(await count('ada', '?topic=orders', LEADS)).toBe(0)
    expect(await count('ada', '?state=denied', LEADS)).toBe(0)
    expect(await count('ada', '?state=live', LEADS)).toBe(2)
  })

  test('without a token nobody', async () => {
    for (const path of ['/v1/asks', '/v1/asks/x']) expect((await fetch(plane.url + path)).status).toBe(401)
    for (const step of ['', '/x/approve', '/x/deny', '/x/revoke', '/x/cancel', '/x/reason']) {
      expect((await fetch(`${plane.url}/v1/asks${step}`, { method: 'POST', body: '{}' })).status).toBe(401)
    }
  })
})

describe('refusals', () => {
  test.each([
    ['no approval is needed', { ...WISH, topic: 'orders' }, 409, 'NOT_NEEDED'],
    ['no approval would help', { ...WISH, topic: 'salaries' }, 403, 'NOT_GRANTED'],
    ['no approval would help', { ...WISH, operation: 'produce' }, 403, 'NOT_GRANTED'],
    ['longer than is given', { ...WISH, durationMs: 3_600_001 }, 400, 'TIME'],
    ['a window in the past', { ...WISH, startsAtUnixMs: 1 }, 400, 'TIME'],
    ['no topic', { operation: 'consume' }, 400, 'BODY'],
    ['a name that no topic can have', { ...WISH, topic: 'payments\u202e' }, 400, 'BODY'],
    ['a member too many', { ...WISH, admin: true }, 400, 'BODY'],
    ['an empty reason', { ...WISH, reason: ' ' }, 400, 'BODY'],
    ['no object', '[]', 400, 'BODY'],
    ['no JSON', '{"canary', 400, 'BODY'],
    ['too long', JSON.stringify({ ...WISH, reason: 'x'.repeat(9_000) }), 413, 'BODY'],
  ])('an ask for which %s', async (_name, body, status, code) => {
    const answer = await call('billing-job', '/v1/asks', body)
    expect(answer).toMatchObject({ status, body: { status, code: `ERR_GATEWAY_ASK_${code}` } })
    expect(JSON.stringify(answer.body)).not.toContain('canary')
  })

  test('a second ask for the same names the first', async () => {
    const id = await open()
    const again = await call('billing-job', '/v1/asks', WISH)
    expect(again).toMatchObject({ status: 409, body: { code: 'ERR_GATEWAY_ASK_EXISTS', ask: id } })
  })

  test('steps that the state does not allow, or that were decided on another revision', async () => {
    const id = await open()
    const changed = await call('grace', `/v1/asks/${id}/approve`, { revision: 7 }, LEADS)
    expect(changed).toMatchObject({ status: 409, body: { code: 'ERR_GATEWAY_ASK_CHANGED' } })
    expect((await call('grace', `/v1/asks/${id}/deny`, {}, LEADS)).body.code).toBe('ERR_GATEWAY_ASK_BODY')
    expect((await call('grace', `/v1/asks/${id}/cancel`, {}, LEADS)).body.code).toBe('ERR_GATEWAY_ASK_NOT_REQUESTER')
    expect((await call('grace', `/v1/asks/${id}/deny`, { reason: 'no' }, LEADS)).body.state).toBe('denied')
    for (const step of ['approve', 'revoke']) {
      expect((await call('grace', `/v1/asks/${id}/${step}`, {}, LEADS)).body.code).toBe('ERR_GATEWAY_ASK_STATE')
    }
    expect((await call('billing-job', `/v1/asks/${id}/cancel`, {})).body.code).toBe('ERR_GATEWAY_ASK_STATE')
    expect((await call('grace', '/v1/asks/ask_none', undefined, LEADS)).status).toBe(404)
  })

  test.each(['?state=open', '?limit=0', '?limit=201', '?after=zzz', '?sort=asc'])('a list by %s', async (query) => {
    expect((await call('ada', `/v1/asks${query}`)).body.code).toBe('ERR_GATEWAY_ASK_BODY')
  })
})

test('a topic under two protections wants an ask for each; one that is under way stays', async () => {
  const more = POLICY.replace(
    'owners:',
    '  - { match: [payments], approval: { by: [security], people: 1, reason: optional, for: 2h, decide-within: 1h } }\nowners:',
  )
  const first = await open()
  writeFileSync(plane.policyPath, more)
  expect(plane.policySource.reload().outcome).toBe('changed')
  const { status, body } = await call('billing-job', '/v1/asks', WISH)
  expect(status).toBe(201)
  const asks = body.asks.map(({ id, protection }: { id: string; protection: string }) => [protection, id === first])
  expect(asks).toEqual([
    ['payments', false],
    ['payments-approval', true],
  ])
  expect((await call('billing-job', '/v1/asks', WISH)).body.code).toBe('ERR_GATEWAY_ASK_EXISTS')
})

test('what somebody has asked for without a reason is given it by asking again, unless something else is asked for', async () => {
  const { reason: _, ...bare } = WISH
  const [{ id }] = (await call('billing-job', '/v1/asks', { ...bare, durationMs: 600_000 })).body.asks
  const exists = expect.objectContaining({ code: 'ERR_GATEWAY_ASK_EXISTS' })
  for (const other of [
    bare,
    { ...WISH, durationMs: 300_000 },
    { ...WISH, startsAtUnixMs: plane.clock.nowUnixMs() + 1 },
  ])
    expect((await call('billing-job', '/v1/asks', other)).body).toEqual(exists)
  const { status, body } = await call('billing-job', '/v1/asks', WISH)
  expect(status).toBe(201)
  expect(body.asks).toMatchObject([{ id, reason: 'month end', durationMs: 600_000, revision: 2 }])
  expect(body.asks[0].steps[1]).toMatchObject({ kind: 'reason-given', reason: 'month end' })
  expect((await call('billing-job', '/v1/asks', WISH)).body).toEqual(exists)
})

test('the list goes on page by page, newest first, without a repetition', async () => {
  for (let index = 0; index < 5; index += 1) {
    plane.clock.advance(index % 2)
    await open({ topic: `payouts-${index}` })
  }
  const topics: string[] = []
  let after = ''
  for (let page = 0; page < 3; page += 1) {
    const { body } = await call('billing-job', `/v1/asks?limit=2${after}`)
    topics.push(...body.asks.map(({ topic }: { topic: string }) => topic))
    after = `&after=${body.next}`
    expect(body.next === undefined).toBe(page === 2)
  }
  expect(new Set(topics).size).toBe(5)
  expect(topics).toHaveLength(5)
})

test('what traffic has opened is told to data planes, given its reason, and decided', async () => {
  const { asks, policySource, clock } = plane
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  const control = createLocalControl({ asks, policySource, log, clock, cluster: 'main' })
  const told: string[] = []
  const end = control.subscribe((message) => void (message.kind === 'ask' && told.push(message.ask.state)))
  const scope = { issuer: 'corp', subject: 'billing-job', protection: 'payments-approval', topic: 'payments' }
  control.report({
    ...{ kind: 'ask', askId: 'ask_1', connectionId: 1, clientAddress: '10.0.0.9', listener: 'kafka' },
    ...{ approval: APPROVAL, ruleIds: [], sessionId: 's', clientId: 'c', policyRevision: 1 },
    scope: { ...scope, operation: 'consume' },
  })
  await until(() => expect(told).toEqual(['pending']))
  const early = await call('grace', '/v1/asks/ask_1/approve', {}, LEADS)
  expect(early).toMatchObject({ status: 409, body: { code: 'ERR_GATEWAY_ASK_REASON_MISSING' } })

  expect(await open()).toBe('ask_1')
  await call('grace', '/v1/asks/ask_1/approve', {}, LEADS)
  await call('linus', '/v1/asks/ask_1/approve', {}, LEADS)
  expect(told).toEqual(['pending', 'pending', 'pending', 'approved', 'active'])
  end()
  await call('linus', '/v1/asks/ask_1/revoke', {}, LEADS)
  expect(told).toHaveLength(5)
})

test('the page on approvals shows the policy, the request and the answer as they are', async () => {
  const [policy = '', wish = '', answer = ''] = [
    /```yaml\n([\s\S]*?)```/,
    /```http\n[\s\S]*?\n\n([\s\S]*?)```/,
    /```json\n([\s\S]*?)```/,
  ].map((fence) => fence.exec(PAGE)?.[1])
  writeFileSync(plane.policyPath, policy)
  plane.policySource.reload()
  const { status, body } = await call('billing-job', '/v1/asks', wish)
  expect(status).toBe(201)
  const [shown, real] = [JSON.parse(answer).asks[0], body.asks[0]]
  const own = { id: real.id, policyRevision: real.policyRevision }
  const times = { createdAtUnixMs: real.createdAtUnixMs, decideByUnixMs: real.decideByUnixMs }
  expect(Object.keys(real)).toEqual(Object.keys(shown))
  expect(real).toEqual({ ...shown, ...own, ...times, steps: [{ ...shown.steps[0], atUnixMs: real.createdAtUnixMs }] })
  expect(shown.decideByUnixMs - shown.createdAtUnixMs).toBe(real.decideByUnixMs - real.createdAtUnixMs)
})
