import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Ask, approversOf, isEnded, statusOf } from './ask.ts'
import { APPROVAL, act, draft, person } from './ask-fixture.ts'
import {
  type AskAct,
  type AskDraft,
  approve,
  cancel,
  deny,
  giveReason,
  openAsk,
  passTime,
  revoke,
} from './ask-machine.ts'

const NOW = 1_764_000_000_000
const MINUTE = 60_000

function open(changes: Partial<AskDraft> = {}): Ask {
  return openAsk(draft(changes), 1, NOW)
}

/** Approved by ada and then by grace, at the same moment. */
function approved(changes: Partial<AskDraft> = {}, nowUnixMs: number = NOW): Ask {
  return approve(approve(open(changes), act('ada', nowUnixMs)), act('grace', nowUnixMs))
}

function code(take: () => unknown): unknown {
  try {
    take()
    return undefined
  } catch (error) {
    return (error as { code?: unknown }).code
  }
}

describe('opening', () => {
  test('an ask is pending, with its deadline, and gives nothing', () => {
    const ask = open()
    expect(ask).toMatchObject({
      state: 'pending',
      revision: 1,
      decideByUnixMs: NOW + 30 * MINUTE,
      durationMs: 60 * MINUTE,
    })
    expect(statusOf(ask)).toEqual({ id: ask.id, scope: ask.scope, state: 'pending', revision: 1 })
  })

  test('P4: less than the protection gives can be asked for, more cannot', () => {
    expect(open({ durationMs: 5 * MINUTE }).durationMs).toBe(5 * MINUTE)
    expect(code(() => open({ durationMs: 60 * MINUTE + 1 }))).toBe('ERR_GATEWAY_ASK_TIME')
  })

  test('a window lies ahead, and its end is the last moment to decide', () => {
    expect(code(() => open({ windowStartUnixMs: NOW - 1 }))).toBe('ERR_GATEWAY_ASK_TIME')
    expect(code(() => open({ windowStartUnixMs: NOW + 31 * 24 * 60 * MINUTE }))).toBe('ERR_GATEWAY_ASK_TIME')
    const soon = open({ windowStartUnixMs: NOW + MINUTE, durationMs: MINUTE })
    expect(soon.decideByUnixMs).toBe(NOW + 2 * MINUTE)
  })
})

describe('approving', () => {
  test('the last of the people it takes approves it, and the time counts from then', () => {
    const one = approve(open(), act('ada', NOW + MINUTE))
    expect(one).toMatchObject({ state: 'pending', revision: 2 })
    const two = approve(one, act('grace', NOW + 20 * MINUTE))
    expect(two).toMatchObject({
      state: 'approved',
      revision: 3,
      startsAtUnixMs: NOW + 20 * MINUTE,
      endsAtUnixMs: NOW + 80 * MINUTE,
    })
    expect(statusOf(two).approvedBy).toEqual(['corp/ada', 'corp/grace'])
    expect(two.steps.map(({ kind }) => kind)).toEqual(['opened', 'vote', 'approved'])
  })

  test('R5: more approvals than are wanted are enough: two groups of one person with one wanted', () => {
    const approval = { ...APPROVAL, people: 1, by: ['payments-leads', 'security'] }
    const ask = approve(open({ approval }), { actor: person('ada', ['security', 'payments-leads']), nowUnixMs: NOW })
    expect(ask.state).toBe('approved')
    expect(ask.steps.at(-1)?.groups).toEqual(['payments-leads', 'security'])
  })

  test('R6: people are counted, not groups: one person in two groups is one', () => {
    const approval = { ...APPROVAL, by: ['payments-leads', 'security'] }
    const both = { actor: person('ada', ['security', 'payments-leads']), nowUnixMs: NOW }
    const one = approve(open({ approval }), both)
    expect(one.state).toBe('pending')
    expect(code(() => approve(one, both))).toBe('ERR_GATEWAY_ASK_DECIDED')
  })

  test('R6: somebody with an account at two issuers neither counts twice nor decides on a wish of her own', () => {
    const atPartners = (subject: string): AskAct => ({
      actor: { ...person(subject), issuer: 'partners' },
      nowUnixMs: NOW,
    })
    const one = approve(open(), act('ada', NOW))
    expect(code(() => approve(one, atPartners('ada')))).toBe('ERR_GATEWAY_ASK_DECIDED')
    expect(code(() => approve(open(), atPartners('billing-job')))).toBe('ERR_GATEWAY_ASK_OWN')
  })

  test('P4, R9: who asks does not approve, nor does an owner, whatever groups they are in', () => {
    const everything = ['payments-leads', 'admin', 'root']
    for (const decide of [approve, deny]) {
      expect(code(() => decide(open(), act('billing-job', NOW, everything)))).toBe('ERR_GATEWAY_ASK_OWN')
      expect(code(() => decide(open(), act('olga', NOW, everything)))).toBe('ERR_GATEWAY_ASK_OWN')
    }
  })

  test('R9: no other group decides, an administrator’s neither, and unknown groups are none', () => {
    for (const decide of [approve, deny]) {
      expect(code(() => decide(open(), act('root', NOW, ['admin'])))).toBe('ERR_GATEWAY_ASK_NOT_APPROVER')
      const unknown = { actor: { ...person('ada'), groups: undefined }, nowUnixMs: NOW }
      expect(code(() => decide(open(), unknown))).toBe('ERR_GATEWAY_ASK_NOT_APPROVER')
    }
    expect(code(() => revoke(approved(), act('root', NOW, ['admin'])))).toBe('ERR_GATEWAY_ASK_NOT_APPROVER')
  })

  test('T4, P4: where issuers are named, a group of the same name of another issuer does not approve', () => {
    const ask = open({ approval: { ...APPROVAL, issuers: ['corp'], people: 1 } })
    const { actor } = act('ada', NOW)
    expect(code(() => approve(ask, { actor: { ...actor, issuer: 'partner' }, nowUnixMs: NOW }))).toBe(
      'ERR_GATEWAY_ASK_NOT_APPROVER',
    )
    expect(approve(ask, { actor, nowUnixMs: NOW }).state).toBe('approved')
  })

  test('T4, P4: an owner of one issuer is nobody of another, and one without is of any', () => {
    const refusal = (issuer: string, owner: AskDraft['owners'][number]): unknown => {
      const { actor } = act('olga', NOW)
      return code(() => approve(open({ owners: [owner] }), { actor: { ...actor, issuer }, nowUnixMs: NOW }))
    }
    const ofCorp = { issuer: 'corp', subject: 'olga' }
    expect([refusal('corp', ofCorp), refusal('partner', ofCorp)]).toEqual(['ERR_GATEWAY_ASK_OWN', undefined])
    for (const owner of ['olga', { subject: 'olga' }]) {
      expect([refusal('corp', owner), refusal('partner', owner)]).toEqual([
        'ERR_GATEWAY_ASK_OWN',
        'ERR_GATEWAY_ASK_OWN',
      ])
    }
  })

  test('one without its required reason cannot be approved until somebody adds it', () => {
    const bare = open({ reason: undefined, origin: { kind: 'traffic', sessionId: 's', clientId: 'c' } })
    expect(code(() => approve(bare, act('ada', NOW)))).toBe('ERR_GATEWAY_ASK_REASON_MISSING')
    expect(code(() => giveReason(bare, { ...act('eve', NOW, []), reason: 'x' }))).toBe('ERR_GATEWAY_ASK_NOT_APPROVER')
    const given = giveReason(bare, { ...act('olga', NOW, []), reason: 'month end' })
    expect(approve(given, act('ada', NOW)).revision).toBe(3)
    expect(code(() => giveReason(given, { ...act('olga', NOW), reason: 'other' }))).toBe('ERR_GATEWAY_ASK_STATE')
    expect(
      approve(open({ approval: { ...APPROVAL, reason: 'optional' }, reason: undefined }), act('ada', NOW)).revision,
    ).toBe(2)
  })

  test('a reason is not slipped under those who have approved without one', () => {
    const voted = approve(open({ approval: { ...APPROVAL, reason: 'optional' }, reason: undefined }), act('ada', NOW))
    expect(code(() => giveReason(voted, { ...act('olga', NOW), reason: 'late' }))).toBe('ERR_GATEWAY_ASK_STATE')
  })
})

describe('time', () => {
  test('R4: the deadline really ends it, and nothing is decided after it', () => {
    const ask = open()
    expect(passTime(ask, ask.decideByUnixMs - 1)).toBeUndefined()
    expect(passTime(ask, ask.decideByUnixMs)).toMatchObject({ state: 'expired', revision: 2 })
    for (const decide of [approve, deny]) {
      expect(code(() => decide(ask, act('ada', ask.decideByUnixMs)))).toBe('ERR_GATEWAY_ASK_STATE')
    }
  })

  test('P4, R1: access ends when its time has passed since the approval, whenever it is used', () => {
    const active = passTime(approved(), NOW)
    expect(active).toMatchObject({ state: 'active', endsAtUnixMs: NOW + 60 * MINUTE })
    expect(active && passTime(active, NOW + 60 * MINUTE)).toMatchObject({ state: 'expired' })
  })

  test('R2: a fixed window is kept by the server: not before, not after, and not moved by a late approval', () => {
    const window = { windowStartUnixMs: NOW + 10 * MINUTE, durationMs: 15 * MINUTE }
    const early = approved(window)
    expect(passTime(early, NOW + 10 * MINUTE - 1)).toBeUndefined()
    expect(passTime(early, NOW + 10 * MINUTE)).toMatchObject({ state: 'active', endsAtUnixMs: NOW + 25 * MINUTE })
    const late = approved(window, NOW + 20 * MINUTE)
    expect(passTime(late, NOW + 20 * MINUTE)).toMatchObject({ state: 'active', endsAtUnixMs: NOW + 25 * MINUTE })
    expect(passTime(early, NOW + 25 * MINUTE)).toMatchObject({ state: 'expired' })
  })
})

describe('ending', () => {
  test('one deny is enough, also beside an approval', () => {
    const ask = deny(approve(open(), act('ada', NOW)), { ...act('grace', NOW), reason: 'not now' })
    expect(ask).toMatchObject({ state: 'denied', revision: 3 })
    expect(ask.steps.at(-1)).toMatchObject({ kind: 'denied', reason: 'not now', by: { subject: 'grace' } })
  })

  test('who asked takes it back while it is pending, and gives it up afterwards', () => {
    expect(cancel(open(), act('billing-job', NOW, [])).state).toBe('canceled')
    expect(cancel(open(), act('olga', NOW, [])).state).toBe('canceled')
    expect(code(() => cancel(open(), act('ada', NOW)))).toBe('ERR_GATEWAY_ASK_NOT_REQUESTER')
    expect(code(() => cancel(approved(), act('billing-job', NOW)))).toBe('ERR_GATEWAY_ASK_STATE')
    expect(revoke(approved(), act('billing-job', NOW, [])).state).toBe('revoked')
  })

  test('P4, R3: what was approved is revoked before its start and after', () => {
    const active = passTime(approved(), NOW)
    expect(revoke(approved(), act('ada', NOW)).state).toBe('revoked')
    expect(active && revoke(active, act('ada', NOW)).state).toBe('revoked')
    expect(code(() => revoke(open(), act('ada', NOW)))).toBe('ERR_GATEWAY_ASK_STATE')
  })
})

type Step = (ask: Ask, nowUnixMs: number) => Ask | undefined

const someone = fc.record({
  issuer: fc.constantFrom('corp', 'partners'),
  subject: fc.constantFrom('ada', 'grace', 'linus', 'olga', 'billing-job'),
  groups: fc.constantFrom(undefined, [], ['payments-leads'], ['security'], ['payments-leads', 'security'], ['admin']),
})
const reasons = fc.constantFrom<readonly string[]>(['x'], ['y'])
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constantFrom(approve, approve, deny, revoke, cancel), someone).map(
    ([take, actor]): Step =>
      (ask, nowUnixMs) =>
        take(ask, { actor, nowUnixMs }),
  ),
  fc.tuple(someone, reasons).map(
    ([actor, [reason = '']]): Step =>
      (ask, nowUnixMs) =>
        giveReason(ask, { actor, nowUnixMs, reason }),
  ),
  fc.constant<Step>(passTime),
)

const NEXT: Readonly<Record<Ask['state'], readonly Ask['state'][]>> = {
  pending: ['pending', 'approved', 'denied', 'expired', 'canceled'],
  approved: ['active', 'expired', 'revoked'],
  active: ['expired', 'revoked'],
  denied: [],
  expired: [],
  revoked: [],
  canceled: [],
}

test('P4: whatever is done, in whatever order: no access without its quorum or past its end, and an end stays', () => {
  const drafts = fc.record({
    people: fc.integer({ min: 1, max: 3 }),
    reason: fc.constantFrom<'required' | 'optional'>('required', 'optional'),
    given: fc.constantFrom(undefined, 'month end'),
    ahead: fc.constantFrom(undefined, 0, 10 * MINUTE),
  })
  const moves = fc.array(fc.tuple(step, fc.constantFrom(0, 1, 5 * MINUTE, 20 * MINUTE)), { maxLength: 30 })
  fc.assert(
    fc.property(drafts, moves, ({ people, reason, given, ahead }, steps) => {
      const approval = { ...APPROVAL, people, reason, by: ['payments-leads', 'security'] }
      const window = ahead === undefined ? {} : { windowStartUnixMs: NOW + ahead, durationMs: 15 * MINUTE }
      let ask = open({ approval, reason: given, ...window })
      let now = NOW
      for (const [take, waitMs] of steps) {
        now += waitMs
        const before = ask
        try {
          ask = take(ask, now) ?? ask
        } catch {
          continue
        }
        if (ask === before) continue
        expect(NEXT[before.state]).toContain(ask.state)
        expect(ask.revision).toBe(before.revision + 1)
        expect(ask.steps.map(({ revision }) => revision)).toEqual(ask.steps.map((_step, index) => index + 1))
        if (ask.state === 'approved' || ask.state === 'active') {
          const deciders = approversOf(ask)
          expect(deciders.length).toBeGreaterThanOrEqual(people)
          expect(deciders.some(({ subject }) => subject === 'olga')).toBe(false)
          expect(deciders.some(({ issuer, subject }) => issuer === 'corp' && subject === 'billing-job')).toBe(false)
          expect(reason === 'optional' || ask.reason !== undefined).toBe(true)
        }
        if (ask.state === 'active') {
          expect(now).toBeLessThan(ask.endsAtUnixMs ?? 0)
          expect(now).toBeGreaterThanOrEqual(ask.startsAtUnixMs ?? Number.POSITIVE_INFINITY)
        }
        if (window.windowStartUnixMs !== undefined && ask.startsAtUnixMs !== undefined) {
          expect(ask.startsAtUnixMs).toBe(window.windowStartUnixMs)
        }
        if (isEnded(before.state)) throw new Error('an end was left')
      }
    }),
    { numRuns: 500 },
  )
})
