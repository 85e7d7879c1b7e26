import { generateKeyPairSync } from 'node:crypto'
import { silentLog } from '@headgate/core'
import { expect, test } from 'vitest'
import type { SamlIssuerConfig } from '../config/issuer-config.ts'
import { type Authenticator, createAuthenticator } from './authenticator.ts'
import { TestClock, testGatewayConfig } from './token-fixture.ts'

const MESH: SamlIssuerConfig = {
  ...{ name: 'mesh', entityId: 'mesh', keys: [generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey] },
  ...{ audiences: [], nameIdFormats: [], groupsAttribute: undefined, kind: undefined, claims: {}, maxAgeSeconds: 300 },
  groups: { aliases: new Map(), assertable: undefined },
}

/** An assertion that nobody has signed, of many elements: it costs as much as one can. */
const UNSIGNED = Buffer.from(
  '<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="a"><Issuer>mesh</Issuer>' +
    '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>' +
    '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>' +
    '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>' +
    '<ds:Reference URI="#a"><ds:Transforms>' +
    '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>' +
    '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>' +
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>AAAA</ds:DigestValue>' +
    `</ds:Reference></ds:SignedInfo><ds:SignatureValue>AAAA</ds:SignatureValue></ds:Signature>${'<b/>'.repeat(2_900)}</Assertion>`,
).toString('base64url')

function authenticator(...samlIssuers: readonly SamlIssuerConfig[]): Authenticator {
  return createAuthenticator({
    config: { ...testGatewayConfig([]), samlIssuers },
    log: silentLog,
    clock: new TestClock(),
  })
}

/** The codes of refusals in their order, and `turn` for each turn of the event loop. */
async function watch(refusals: readonly Promise<unknown>[]): Promise<string[]> {
  const order: string[] = []
  let isOver = false
  const turn = (): void => {
    order.push('turn')
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  await Promise.all(refusals.map((refused) => refused.catch(({ code }) => order.push(code))))
  isOver = true
  return order
}

test('others have their turn between assertions, however many come at once and whatever each costs', async () => {
  const { verifySubjectToken } = bound(authenticator(MESH))
  const order = await watch(Array.from({ length: 5 }, () => verifySubjectToken({ type: 'saml2', token: UNSIGNED })))
  const refused = order.flatMap((what, at) => (what === 'ERR_GATEWAY_SAML_SIGNATURE' ? [at] : []))
  expect(refused).toHaveLength(5)
  for (const at of refused) expect(order[at - 1]).toBe('turn')
})

test('of more than can wait the rest are told to come again, and tokens do not stand behind them', async () => {
  const { verifySubjectToken, verifyToken } = bound(authenticator(MESH))
  const assertions = Array.from({ length: 140 }, () => verifySubjectToken({ type: 'saml2', token: 'AAAA' }))
  const order = await watch([...assertions, verifyToken('e30.e30.AAAA')])
  const codes = order.filter((what) => what !== 'turn')
  expect(codes.filter((code) => code === 'ERR_GATEWAY_AUTHENTICATOR_BUSY')).toHaveLength(11)
  expect(codes.indexOf('ERR_GATEWAY_TOKEN_ISSUER_UNKNOWN')).toBeLessThan(20)
})

test('a gateway without issuers of assertions reads none', async () => {
  const { verifySubjectToken } = bound(authenticator())
  const outcome = expect(verifySubjectToken({ type: 'saml2', token: '!' })).rejects
  await outcome.toMatchObject({ code: 'ERR_GATEWAY_TOKEN_ISSUER_UNKNOWN' })
})

function bound(of: Authenticator): Pick<Authenticator, 'verifySubjectToken' | 'verifyToken'> {
  return {
    verifySubjectToken: (subject) => of.verifySubjectToken(subject),
    verifyToken: (token) => of.verifyToken(token),
  }
}
