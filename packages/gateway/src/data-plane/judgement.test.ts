import type { ApprovalObligation, Decision } from '@headgate/policy'
import { describe, expect, test } from 'vitest'
import type { AskState, AskStatus } from '../control-port.ts'
import { settleHold } from './judgement.ts'

const NOW = 10_000

function approval(protection: string): ApprovalObligation {
  return { protection, by: ['leads'], people: 1, reason: 'optional', forMs: 60_000, decideWithinMs: 60_000 }
}

function held(...protections: string[]): Decision {
  return {
    effect: 'hold',
    reason: 'approval-needed',
    ruleIds: ['reads'],
    obligations: { mask: undefined, audit: 'standard', approvals: protections.map(approval) },
    validUntilUnixMs: undefined,
  }
}

function ask(state: AskState, startsAtUnixMs?: number, endsAtUnixMs?: number): AskStatus {
  const scope = { issuer: 'corp', subject: 'ada', protection: 'p', topic: 't', operation: 'consume' } as const
  const times = startsAtUnixMs === undefined || endsAtUnixMs === undefined ? {} : { startsAtUnixMs, endsAtUnixMs }
  return { id: `ask-${state}-${endsAtUnixMs ?? 0}`, scope, state, revision: 1, ...times }
}

describe('a hold is', () => {
  test.each<[string, AskStatus | undefined, string, string]>([
    ['held without an ask', undefined, 'hold', 'approval-needed'],
    ['held while the ask is pending', ask('pending'), 'hold', 'approval-needed'],
    ['held before its start', ask('approved', NOW + 1, NOW + 100), 'hold', 'approval-needed'],
    ['allowed while it is active', ask('active', NOW - 1, NOW + 1), 'allow', 'approved'],
    ['allowed from its start on, told or not', ask('approved', NOW, NOW + 1), 'allow', 'approved'],
    ['refused at its end, told or not', ask('active', NOW - 1, NOW), 'deny', 'approval-refused'],
    ['refused once it was denied', ask('denied'), 'deny', 'approval-refused'],
    ['refused once it has expired', ask('expired'), 'deny', 'approval-refused'],
    ['refused once it was revoked', ask('revoked', NOW - 1, NOW + 100), 'deny', 'approval-refused'],
    ['refused once it was canceled', ask('canceled'), 'deny', 'approval-refused'],
    ['refused where an approval names no time', ask('active'), 'deny', 'approval-refused'],
  ])('%s', (_, newest, effect, reason) => {
    expect(settleHold(held('p'), () => newest, NOW)).toMatchObject({ effect, reason, ruleIds: ['reads'] })
  })

  test('allowed only while every approval is active, and no longer than the first one that ends', () => {
    const asks = new Map([
      ['one', ask('active', 0, NOW + 50)],
      ['two', ask('active', 0, NOW + 20)],
    ])
    const find = ({ protection }: ApprovalObligation): AskStatus | undefined => asks.get(protection)
    expect(settleHold(held('one', 'two'), find, NOW)).toMatchObject({
      effect: 'allow',
      validUntilUnixMs: NOW + 20,
      asks: [{ id: `ask-active-${NOW + 50}` }, { id: `ask-active-${NOW + 20}` }],
    })

    asks.set('two', ask('pending'))
    expect(settleHold(held('one', 'two'), find, NOW)).toMatchObject({ effect: 'hold', asks: [{ id: 'ask-pending-0' }] })
    asks.set('one', ask('denied'))
    expect(settleHold(held('one', 'two'), find, NOW)).toMatchObject({ effect: 'deny', asks: [{ id: 'ask-denied-0' }] })
  })

  test('held, never let through, where it names no approval', () => {
    expect(settleHold({ ...held(), obligations: undefined }, () => undefined, NOW).effect).toBe('hold')
    expect(settleHold(held(), () => undefined, NOW).effect).toBe('hold')
  })

  test('looked up for every approval, so that all asks are opened at once', () => {
    const wanted: string[] = []
    settleHold(
      held('one', 'two', 'three'),
      ({ protection }) => {
        wanted.push(protection)
        return protection === 'one' ? ask('denied') : undefined
      },
      NOW,
    )
    expect(wanted).toEqual(['one', 'two', 'three'])
  })
})
