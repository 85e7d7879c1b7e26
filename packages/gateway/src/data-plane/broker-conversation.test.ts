import { ENFORCED } from '@headgate/policy'
import { expect, it } from 'vitest'
import { Sessions } from '../identity/sessions.ts'
import { TestClock } from '../identity/token-fixture.ts'
import { createBrokerSasl } from './broker-conversation.ts'
import type { BrokerSasl } from './broker-sasl.ts'
import type { PassThrough } from './plane-context.ts'
import { UnderWay } from './under-way.ts'
import type { UpstreamLink } from './upstream-link.ts'

const clock = new TestClock(1_000)

function conversation(
  underWay: UnderWay,
  mode: 'observe' | 'warn' = 'observe',
  address = '10.0.0.1',
): { sasl: BrokerSasl; opened(): number } {
  let opened = 0
  const link = { request: async () => ({ errorCode: 0 }) } as unknown as UpstreamLink
  const openUpstream: PassThrough['openUpstream'] = () => link
  const passThrough = {
    issuer: 'brokers:main',
    takesPlain: true,
    knownIssuers: new Set(['https://idp', 'spiffe://corp']),
    audiences: new Set(['headgate']),
    underWay,
    openUpstream,
  }
  const sasl = createBrokerSasl({
    passThrough,
    policy: { modes: { ...ENFORCED, topics: [{ match: ['a'], mode }] } },
    sessions: new Sessions(clock),
    clock,
    address,
    link: () => {
      opened += 1
      return link
    },
  })
  return { sasl, opened: () => opened }
}

it('only so many sign-ins are handed on at once, and one that ends makes room', async () => {
  const underWay = new UnderWay(2, 2)
  const [first, second, third] = [1, 2, 3].map(() => conversation(underWay))
  if (first === undefined || second === undefined || third === undefined) throw new Error('no conversation')
  await first.sasl.handshake('PLAIN')
  await second.sasl.handshake('PLAIN')
  await expect(third.sasl.handshake('PLAIN')).rejects.toMatchObject({ code: 'ERR_GATEWAY_AUTHENTICATOR_BUSY' })
  expect(third.opened()).toBe(0)
  first.sasl.signIn('alice', 0, undefined)
  first.sasl.close()
  await third.sasl.handshake('PLAIN')
  await expect(conversation(underWay).sasl.handshake('PLAIN')).rejects.toThrow()
  second.sasl.close()
  second.sasl.close()
  await conversation(underWay).sasl.handshake('PLAIN')
  await expect(conversation(underWay).sasl.handshake('PLAIN')).rejects.toThrow()
  // Who has signed in goes on as long as it likes.
  await first.sasl.authenticate(Buffer.from('again'))
})

it('one address takes a part of the room only: those of others still sign in', async () => {
  const underWay = new UnderWay(4, 2)
  const from = (address: string): Promise<unknown> =>
    conversation(underWay, 'observe', address).sasl.handshake('SCRAM-SHA-256')
  for (const _ of [1, 2]) await from('10.0.0.9')
  for (const _ of [1, 2, 3]) await expect(from('10.0.0.9')).rejects.toMatchObject({ retryable: true })
  await from('10.0.0.1')
  const last = conversation(underWay, 'observe', '10.0.0.1')
  await last.sasl.handshake('SCRAM-SHA-256')
  await expect(from('10.0.0.2')).rejects.toThrow()
  last.sasl.close()
  await from('10.0.0.2')
})

it('is offered while something is observed, and knows who vouches for whom', () => {
  const { sasl } = conversation(new UnderWay(1, 1))
  expect([sasl.isOffered(), conversation(new UnderWay(1, 1), 'warn').sasl.isOffered()]).toEqual([true, false])
  expect(sasl.signIn('alice', 5_000, { address: '10.0.0.1', kafkaClientId: 'app' })).toMatchObject({
    principal: { issuer: 'brokers:main', subject: 'alice', groups: undefined },
    source: 'brokers',
    expiresAtUnixMs: 6_000,
  })
  expect(sasl.signIn('alice', 0, undefined).expiresAtUnixMs).toBe(Number.POSITIVE_INFINITY)
})

it.each([
  [{ iss: 'https://idp', sub: 'svc' }, true],
  [{ sub: 'spiffe://corp/billing' }, true],
  [{ iss: 'https://other', sub: 'svc', aud: 'headgate' }, true],
  [{ iss: 'https://other', sub: 'svc', aud: ['kafka', 'headgate'] }, true],
  [{ iss: 'https://other', sub: 'svc', aud: 'kafka' }, false],
  [{ sub: 'spiffe://corporation/billing' }, false],
  [{ iss: 'https://idp/', sub: 'svc', aud: 7 }, false],
  [{}, false],
])('a token that could be for the gateway is not shown to a broker: %j', (claims, isForGateway) => {
  expect(conversation(new UnderWay(1, 1)).sasl.isForGateway(claims)).toBe(isForGateway)
})
