import { silentLog } from '@headgate/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createAuthenticator, type OwnedAuthenticator } from './authenticator.ts'
import { Sessions } from './sessions.ts'
import { digestOfToken, SubjectTokens } from './subject-tokens.ts'
import { TestClock, TestIssuer, testGatewayConfig, testIssuerConfig } from './token-fixture.ts'

const clock = new TestClock()
const mark = (digest: string, lifetimeMs = 60_000) => ({ digest, untilUnixMs: clock.nowUnixMs() + lifetimeMs })

test('a token is told from others by its issuer and what that calls it, else by all that was signed', () => {
  const digests = [
    digestOfToken('corp', 'id-1', 'h.b.s'),
    digestOfToken('corp', 'id-2', 'h.b.s'),
    digestOfToken('other', 'id-1', 'h.b.s'),
    digestOfToken('corp', undefined, 'h.b.s'),
    digestOfToken('corp', 'h.b', 'h.b.s'),
  ]
  expect(new Set(digests).size).toBe(5)
  // A signature can be written in another way, and is the same token.
  expect(digestOfToken('corp', undefined, 'h.b.t')).toBe(digests[3])
})

test('the tokens of a session count to their ends, and so many of them', () => {
  const tokens = new SubjectTokens(clock)
  tokens.note('a', mark('short', 10))
  for (let n = 0; n < 70; n += 1) tokens.note('a', mark(`t${n}`))
  expect(tokens.usedBy('a').length).toBe(64)
  clock.advance(60_000)
  expect([tokens.usedBy('a'), tokens.usedBy('b')]).toEqual([[], []])
})

describe('at the Kafka listener', () => {
  let issuer: TestIssuer
  let authenticator: OwnedAuthenticator
  const sessions = new Sessions(clock)
  const tokens = new SubjectTokens(clock)
  const from = (kafkaClientId: string) => ({ address: '127.0.0.1', kafkaClientId })
  beforeEach(async () => {
    issuer = await new TestIssuer(clock).start()
    const config = testGatewayConfig([testIssuerConfig(issuer)])
    authenticator = createAuthenticator({ config, log: silentLog, clock, sessions, subjectTokens: tokens })
  })
  afterEach(async () => {
    await authenticator.close()
    await issuer.close()
  })

  test("a plain client whose session was revoked begins none with the same token of the provider's, and others go on", async () => {
    const token = await issuer.sign()
    const revoked = await authenticator.verifyToken(token, from('one'))
    const other = await authenticator.verifyToken(token, from('two'))
    tokens.refuse(tokens.usedBy(revoked.sessionId))
    sessions.revoke(revoked.sessionId, clock.nowUnixMs() + 600_000)

    const again = authenticator.verifyToken(token, from('one'))
    await expect(again).rejects.toMatchObject({ code: 'ERR_GATEWAY_TOKEN_REVOKED', retryable: false })
    await expect(authenticator.verifyToken(token, from('three'))).rejects.toMatchObject({
      code: 'ERR_GATEWAY_TOKEN_REVOKED',
    })
    expect((await authenticator.verifyToken(token, from('two'))).sessionId).toBe(other.sessionId)
    const next = await authenticator.verifyToken(await issuer.sign(), from('one'))
    expect(next.sessionId).not.toBe(revoked.sessionId)
  })
})
