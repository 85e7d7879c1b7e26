import type { Principal } from '@headgate/policy'
import { beforeEach, describe, expect, test } from 'vitest'
import { SESSION_IDLE_MS, type SessionSeatOptions, Sessions } from './sessions.ts'
import type { SignIn } from './sign-in.ts'
import { TestClock } from './token-fixture.ts'

const idle: SessionSeatOptions = { onPrincipal: () => {}, onRevoked: () => {} }
let clock: TestClock
let sessions: Sessions

beforeEach(() => {
  clock = new TestClock(1_764_000_000_000)
  sessions = new Sessions(clock)
})

const principal: Principal = { issuer: 'corp', subject: 'orders', groups: ['producers'] }
const client = { principal, oauthClientId: 'orders', kafkaClientId: 'app', address: '10.0.0.1' }

function signIn(sessionId: string, groups: readonly string[], issuedAtUnixMs: number, subject = 'orders'): SignIn {
  const times = { issuedAtUnixMs, expiresAtUnixMs: issuedAtUnixMs + 300_000 }
  const source = 'gateway-token' as const
  return {
    principal: { issuer: 'corp', subject, groups },
    sessionId,
    ...times,
    source,
    minimumRevision: 0,
    clientId: 'a',
  }
}

describe('the session of a client that brings none', () => {
  test('is one for issuer, subject, client ids and address', () => {
    const first = sessions.plainSession(client)
    expect(sessions.plainSession({ ...client, principal: { ...principal, groups: [] } })).toBe(first)
    const others = [
      { ...client, principal: { ...principal, issuer: 'other' } },
      { ...client, principal: { ...principal, subject: 'billing' } },
      { ...client, oauthClientId: undefined },
      { ...client, kafkaClientId: 'app-2' },
      { ...client, address: '10.0.0.2' },
    ].map((other) => sessions.plainSession(other))
    expect(new Set([first, ...others]).size).toBe(6)
  })

  test('is over after ten minutes without a sign-in or a connection', () => {
    const first = sessions.plainSession(client)
    clock.advance(SESSION_IDLE_MS - 1)
    expect(sessions.plainSession(client)).toBe(first)
    clock.advance(SESSION_IDLE_MS)
    expect(sessions.plainSession(client)).not.toBe(first)
  })

  test('goes on as long as it has a connection, and ten minutes from there', () => {
    const first = sessions.plainSession(client)
    const seat = sessions.join(signIn(first, [], 0), idle)
    clock.advance(10 * SESSION_IDLE_MS)
    expect(sessions.plainSession(client)).toBe(first)
    clock.advance(10 * SESSION_IDLE_MS)
    seat.leave()
    clock.advance(SESSION_IDLE_MS - 1)
    expect(sessions.plainSession(client)).toBe(first)
  })

  test('is forgotten where too many wait, the one unused for longest first, and never one with a connection', () => {
    const attended = sessions.plainSession({ ...client, address: 'attended' })
    sessions.join(signIn(attended, [], 0), idle)
    const first = sessions.plainSession({ ...client, address: '0' })
    for (let n = 1; n < 50_002; n += 1) sessions.plainSession({ ...client, address: String(n) })
    expect(sessions.plainSession({ ...client, address: 'attended' })).toBe(attended)
    expect(sessions.plainSession({ ...client, address: '0' })).not.toBe(first)
  })
})

describe('groups are those of the newest verified token, for all sockets', () => {
  test('a newer token tells the others, an older one takes what is known', () => {
    const told: Principal[] = []
    const first = sessions.join(signIn('s', ['a', 'b'], 1_000), {
      ...idle,
      onPrincipal: (changed) => void told.push(changed),
    })
    expect(first.principal.groups).toEqual(['a', 'b'])
    sessions.join(signIn('s', ['a'], 2_000), idle)
    expect(told.map(({ groups }) => groups)).toEqual([['a']])
    const late = sessions.join(signIn('s', ['a', 'b'], 1_500), idle)
    expect(late.principal.groups).toEqual(['a'])
    expect(told).toHaveLength(1)
  })

  test('also after the last socket has gone, and not for who has left', () => {
    const told: Principal[] = []
    const first = sessions.join(signIn('s', ['a'], 2_000), {
      ...idle,
      onPrincipal: (changed) => void told.push(changed),
    })
    first.leave()
    expect(sessions.join(signIn('s', ['a', 'b'], 1_000), idle).principal.groups).toEqual(['a'])
    sessions.join(signIn('s', [], 3_000), idle)
    expect(told).toEqual([])
  })

  test('never those of another principal under the same id', () => {
    const told: Principal[] = []
    sessions.join(signIn('s', ['a'], 1_000), { ...idle, onPrincipal: (changed) => void told.push(changed) })
    const other = sessions.join(signIn('s', ['b'], 2_000, 'billing'), idle)
    expect(other.principal).toMatchObject({ subject: 'billing', groups: ['b'] })
    expect(told).toEqual([])
  })
})

describe('a session that was revoked', () => {
  test('tells all its connections, and those of no other', () => {
    const told: string[] = []
    const seat = (name: string): SessionSeatOptions => ({ ...idle, onRevoked: () => void told.push(name) })
    const first = sessions.join(signIn('s', [], 1), seat('first'))
    sessions.join(signIn('s', [], 1), seat('second'))
    sessions.join(signIn('t', [], 1), seat('other'))
    first.leave()
    sessions.revoke('s', clock.nowUnixMs() + 1_000)
    expect(told).toEqual(['second'])
    expect([sessions.isRevoked('s'), sessions.isRevoked('t')]).toEqual([true, false])
  })

  test('is another one when a plain client signs in again', () => {
    const client = {
      principal: { issuer: 'corp', subject: 'orders', groups: [] },
      ...{ oauthClientId: undefined, kafkaClientId: 'app', address: '10.0.0.1' },
    }
    const first = sessions.plainSession(client)
    const seat = sessions.join(signIn(first, [], 1), idle)
    sessions.revoke(first, clock.nowUnixMs() + 1_000)
    seat.leave()
    expect(sessions.plainSession(client)).not.toBe(first)
  })

  test('is forgotten when no token of it can be about any more', () => {
    sessions.revoke('s', clock.nowUnixMs() + 1_000)
    clock.advance(1_001)
    sessions.revoke('t', clock.nowUnixMs() + 1_000)
    expect([sessions.isRevoked('s'), sessions.isRevoked('t')]).toEqual([false, true])
  })
})
