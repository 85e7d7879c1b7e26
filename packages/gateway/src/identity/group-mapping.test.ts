import {
  compileProgram,
  type Decision,
  decide,
  Operation,
  type PolicyDocument,
  type Principal,
  parsePolicy,
  residualFor,
} from '@headgate/policy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GroupMapping, IssuerConfig } from '../config/issuer-config.ts'
import { collectLog, type LoggedLine } from '../control-plane/control-plane-fixture.ts'
import { createAuthenticator } from './authenticator.ts'
import { TestClock, TestIssuer, testGatewayConfig, testIssuerConfig } from './token-fixture.ts'

type Claims = Readonly<Record<string, unknown>>

const clock = new TestClock()
let issuer: TestIssuer

beforeAll(async () => {
  issuer = await new TestIssuer(clock).start()
})
afterAll(() => issuer.close())

/** Verifies a token with these claims, and gives the principal and what was logged. */
async function verified(
  claims: Claims,
  changes: Partial<IssuerConfig> = {},
): Promise<{ principal: Principal; lines: readonly LoggedLine[]; text: string }> {
  const { log, lines } = collectLog()
  const config = testGatewayConfig([testIssuerConfig(issuer, changes)])
  const authenticator = createAuthenticator({ config, log, clock })
  const { principal } = await authenticator.verifyToken(await issuer.sign(claims))
  return { principal, lines, text: JSON.stringify(lines) }
}

async function groupsOf(claims: Claims, changes: Partial<IssuerConfig> = {}): Promise<readonly string[] | undefined> {
  return (await verified(claims, changes)).principal.groups
}

const mapping = (aliases: Readonly<Record<string, string>>, assertable?: readonly string[]): GroupMapping => ({
  aliases: new Map(Object.entries(aliases)),
  assertable,
})

function documentOf(rules: string): PolicyDocument {
  const result = parsePolicy({ path: 'policy.yaml', text: `rules:\n${rules}` }, () => '')
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.document
}

function decided(rules: string, principal: Principal): Decision {
  return decide(compileProgram(residualFor(documentOf(rules), principal)), 'topic', Operation.Read, 'orders')
}

const FORBID_ON_GROUP = `
  - { id: all, who: everyone, may: { consume: [orders] } }
  - { id: no-guests, who: { groups: [guests] }, never: { consume: [orders] } }`
const ALL_BUT_A_GROUP = `
  - { id: all-but, who: { not: { groups: [guests] } }, may: { consume: [orders] } }`
const DENY_ALL_BUT_A_GROUP = `
  - { id: all, who: everyone, may: { consume: [orders] } }
  - { id: staff-only, who: { not: { groups: [staff] } }, never: { consume: [orders] } }`

describe('T9: groups that are too many for a token', () => {
  const overages: [string, Claims][] = [
    ['told by _claim_names', { groups: undefined, _claim_names: { groups: 'src1' }, _claim_sources: { src1: {} } }],
    ['told by _claim_names beside some', { groups: ['staff'], _claim_names: { groups: 'src1' } }],
    ['told by hasgroups', { groups: undefined, hasgroups: true }],
    ['told by hasgroups beside some', { groups: ['staff'], hasgroups: true }],
    ['left out', { groups: undefined }],
    ['more than ten thousand', { groups: Array.from({ length: 10_001 }, (_, index) => `g${index}`) }],
  ]

  test.each(overages)('T9: %s, a denial on a group applies, a grant on none does not', async (_name, claims) => {
    const { principal } = await verified(claims)
    expect(principal.groups).toBeUndefined()
    expect(decided(FORBID_ON_GROUP, principal)).toMatchObject({ effect: 'deny', reason: 'groups-unknown' })
    expect(decided(ALL_BUT_A_GROUP, principal)).toMatchObject({ effect: 'deny', reason: 'groups-unknown' })
    expect(decided(DENY_ALL_BUT_A_GROUP, principal)).toMatchObject({ effect: 'deny', reason: 'groups-unknown' })
  })

  test('T9: none is known, and lets through what unknown does not', async () => {
    const { principal } = await verified({ groups: [] })
    expect(principal.groups).toEqual([])
    expect(decided(FORBID_ON_GROUP, principal).effect).toBe('allow')
    expect(decided(ALL_BUT_A_GROUP, principal).effect).toBe('allow')
    expect(decided(DENY_ALL_BUT_A_GROUP, principal)).toMatchObject({ effect: 'deny', reason: 'denied-by-rule' })
  })

  test('T9: an overage stays one behind aliases and a list of what may be asserted', async () => {
    const changes = { groups: mapping({ g1: 'staff' }, ['staff']) }
    expect(await groupsOf({ groups: ['g1'], _claim_names: { groups: 'src1' } }, changes)).toBeUndefined()
    expect(await groupsOf({ groups: undefined }, changes)).toBeUndefined()
  })

  test('T9: of a claim further down, what is missing on the way is unknown', async () => {
    const changes: Partial<IssuerConfig> = { groupsClaim: ['realm_access', 'roles'] }
    expect(await groupsOf({ realm_access: { roles: ['staff'] } }, changes)).toEqual(['staff'])
    for (const access of [undefined, {}, [], 'roles', { roles: 'staff' }, { roles: { 0: 'staff' } }]) {
      expect(await groupsOf({ realm_access: access }, changes)).toBeUndefined()
    }
    const elsewhere = { realm_access: { roles: ['staff'] }, _claim_names: { realm_access: 'src1' } }
    expect(await groupsOf(elsewhere, changes)).toBeUndefined()
  })
})

describe('T10: groups are opaque', () => {
  test('T10: a name that looks like a list or a pattern matches itself alone', async () => {
    const odd = ['guests staff', 'guests,staff', '*', 'gu*', '__proto__', 'constructor', 'ѕtaff', 'Staff', ' staff']
    const { principal } = await verified({ groups: odd })
    expect(principal.groups).toEqual(odd)
    const wants = (group: string): string =>
      `  - { id: a, who: { groups: [${JSON.stringify(group)}] }, may: { consume: [orders] } }`
    for (const group of ['guests', 'staff', 'gu', 'toString'])
      expect(decided(wants(group), principal).effect).toBe('deny')
    for (const group of ['guests staff', 'guests,staff', '__proto__', 'constructor', 'Staff']) {
      expect(decided(wants(group), principal).effect).toBe('allow')
    }
  })

  test('T10: aliases are looked up whole, and never by a name that every object has', async () => {
    const groups = mapping({ 'a b': 'staff', '*': 'stars' })
    expect(await groupsOf({ groups: ['a b', '*', 'a', 'b', 'constructor', '__proto__'] }, { groups })).toEqual([
      'staff',
      'stars',
      'a',
      'b',
      'constructor',
      '__proto__',
    ])
  })

  test('T10: a group that is called as an alias is no way to it', async () => {
    const groups = mapping({ '0b2c1f0e': 'payments-leads', kept: 'kept' })
    const { principal, lines } = await verified({ groups: ['payments-leads', 'kept', 'x'] }, { groups })
    expect(principal.groups).toEqual(['kept', 'x'])
    expect(lines).toContainEqual(expect.objectContaining({ event: 'groups-dropped', issuer: 'corp', count: 1 }))
  })

  test('T4, T10: groups that the issuer may not assert are dropped, counted, and not told', async () => {
    const groups = mapping({ g1: 'staff', g2: 'admins' }, ['staff', 'team-*'])
    const stated = ['g1', 'g2', 'admins', 'team-a', 'steam-a', 'team*', 'staff2']
    const { principal, lines, text } = await verified({ groups: stated }, { groups })
    expect(principal.groups).toEqual(['staff', 'team-a'])
    expect(lines).toContainEqual(expect.objectContaining({ event: 'groups-dropped', issuer: 'corp', count: 5 }))
    for (const dropped of ['admins', 'steam-a', 'staff2']) expect(text).not.toContain(dropped)
  })

  test('T10: all dropped is known to be none', async () => {
    expect(await groupsOf({ groups: ['admins'] }, { groups: mapping({}, ['staff']) })).toEqual([])
  })

  test('nothing is told where nothing was dropped', async () => {
    const { lines } = await verified({ groups: ['staff'] }, { groups: mapping({}, ['staff']) })
    expect(lines.filter(({ event }) => event === 'groups-dropped')).toEqual([])
  })
})
