import { decodeJwt, type JWTPayload } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestControlPlane } from '../../packages/gateway/src/control-plane/control-plane-fixture.ts'
import { createSamlIssuer, encodeAssertion } from '../../packages/testkit/src/identity/saml-issuer.ts'
import { AUDIENCE, RECIPIENT, type SamlWorld, samlIssuerConfig, startSamlPlane, startSamlWorld } from './saml-world.ts'

let world: SamlWorld
beforeAll(async () => {
  world = await startSamlWorld()
})
afterAll(() => world.close())

async function claimsFor(xml: string): Promise<JWTPayload> {
  const outcome = await world.exchange(xml)
  expect(outcome).toMatchObject({ status: 200 })
  return decodeJwt(outcome.token ?? '')
}

const edit = (from: string | RegExp, to: string) => ({ edit: (xml: string) => xml.replace(from, to) })
const nowSeconds = (): number => Math.floor(world.plane.clock.nowUnixMs() / 1_000)

test('an assertion becomes a token for its subject and groups, under the name that the config gives the issuer', async () => {
  const claims = await claimsFor(world.assert())
  expect(claims).toMatchObject({ sub: 'orders', idp: 'mesh', client_id: 'orders', groups: ['producers'] })
  expect((claims.exp ?? 0) - nowSeconds()).toBe(300)
  const issued = world.plane.lines.find(
    ({ event, message }) => event === 'token-exchange' && message === 'token issued',
  )
  expect(issued).toMatchObject({ issuer: 'mesh', principal: 'orders' })
})

test('attributes that the config names are claims that rules can ask for', async () => {
  const zone = '<saml:Attribute Name="urn:zone"><saml:AttributeValue>eu</saml:AttributeValue></saml:Attribute>'
  const claims = await claimsFor(world.assert(edit('</saml:Attribute>', `</saml:Attribute>${zone}`)))
  expect(claims).toMatchObject({ sub: 'orders', stated: { zone: ['eu'] } })
})

test('the same subject of two issuers is two principals', async () => {
  expect(await claimsFor(world.assert({}, world.other))).toMatchObject({ sub: 'orders', idp: 'partner' })
})

describe('the token ends with the assertion', () => {
  test('at the end of its conditions', async () => {
    expect((await claimsFor(world.assert({ lifetimeSeconds: 60 }))).exp).toBe(nowSeconds() + 60)
  })

  test("at the end of the subject's session", async () => {
    const end = new Date((nowSeconds() + 40) * 1_000).toISOString()
    const change = edit(/SessionNotOnOrAfter="[^"]*"/, `SessionNotOnOrAfter="${end}"`)
    expect((await claimsFor(world.assert(change))).exp).toBe(nowSeconds() + 40)
  })

  test('at the end of its confirmation, where its conditions have none', async () => {
    const change = edit(/(<saml:Conditions[^>]*) NotOnOrAfter="[^"]*"/, '$1')
    expect((await claimsFor(world.assert({ lifetimeSeconds: 70, ...change }))).exp).toBe(nowSeconds() + 70)
  })
})

describe('groups', () => {
  const value = (text: string): string => `<saml:AttributeValue>${text}</saml:AttributeValue>`
  const attribute = (name: string, content: string): string =>
    `<saml:Attribute Name="${name}">${content}</saml:Attribute>`

  test.each<readonly [string, Parameters<SamlWorld['assert']>[0], readonly string[] | undefined]>([
    [
      'are the values as they stand',
      { groups: ['a b', 'a,b', '*', '__proto__', 'ä&<>"'] },
      ['a b', 'a,b', '*', '__proto__', 'ä&<>"'],
    ],
    [
      'are united over elements of one name',
      edit('</saml:Attribute>', `</saml:Attribute>${attribute('groups', value('b'))}`),
      ['producers', 'b'],
    ],
    [
      'T10: have the names that the config gives them, and no group can be called so by itself',
      { groups: ['0b2c', 'leads', 'b'] },
      ['leads', 'b'],
    ],
    ['are none where the attribute has no value', edit(value('producers'), ''), []],
    ['are unknown without the attribute', edit('Name="groups"', 'Name="Groups"'), undefined],
    ['are unknown where a value holds an element', edit('>producers<', '><x xmlns="urn:x">producers</x><'), undefined],
    [
      'T9: are unknown where the issuer says that there are more than it puts in',
      edit(
        '</saml:Attribute>',
        `</saml:Attribute>${attribute('http://schemas.microsoft.com/claims/groups.link', value('x'))}`,
      ),
      undefined,
    ],
  ])('%s', async (_title, change, groups) => {
    expect((await claimsFor(world.assert(change)))['groups']).toEqual(groups)
  })
})

describe('spellings of the same assertion', () => {
  test('an XML declaration before it', async () => {
    await claimsFor(`<?xml version="1.0" encoding="UTF-8"?>\n${world.assert()}`)
  })

  test('padding after it', async () => {
    const padded = Buffer.from(world.assert()).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
    expect(await world.exchangeToken(padded)).toMatchObject({ status: 200 })
  })

  test('conditions that say OneTimeUse', async () => {
    await claimsFor(world.assert(edit('</saml:Conditions>', '<saml:OneTimeUse/></saml:Conditions>')))
  })

  test('a typed attribute value, and a name qualified by its own issuer', async () => {
    const typed =
      '<saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string" xmlns:xs="http://www.w3.org/2001/XMLSchema">'
    const xml = world.assert({
      edit: (text) =>
        text
          .replace('<saml:AttributeValue>', typed)
          .replace(
            '<saml:NameID ',
            `<saml:NameID NameQualifier="${world.issuer.entityId}" SPNameQualifier="${AUDIENCE}" `,
          ),
    })
    expect(await claimsFor(xml)).toMatchObject({ sub: 'orders', groups: ['producers'] })
  })
})

const MORE = 'http://www.w3.org/2001/04/xmldsig-more#'

test.each(['rsa-sha256', 'rsa-sha384', 'rsa-sha512', 'ecdsa-sha256', 'ecdsa-sha384', 'ecdsa-sha512'])(
  'a signature by %s is taken by a key of that kind, of the current certificate or the next one',
  async (algorithm) => {
    const entityId = 'https://idp.example/saml'
    const next = createSamlIssuer(entityId, algorithm.startsWith('rsa') ? 'rsa' : 'ec')
    const current = createSamlIssuer(entityId, algorithm.startsWith('rsa') ? 'ec' : 'rsa')
    const plane = await startSamlPlane([samlIssuerConfig('mesh', current, next)])
    const xml = next.assert({
      ...{ subject: 'orders', audience: AUDIENCE, recipient: RECIPIENT },
      issuedAtUnixMs: plane.clock.nowUnixMs(),
      signatureAlgorithm: MORE + algorithm,
      digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha512',
    })
    const response = await plane.exchange({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token_type: 'urn:ietf:params:oauth:token-type:saml2',
      subject_token: encodeAssertion(xml),
    })
    await plane.close()
    expect(response.status).toBe(200)
  },
)

test('where no SAML issuer is configured, every assertion is of an issuer that is not accepted', async () => {
  const plane = await startTestControlPlane()
  const response = await plane.exchange({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token_type: 'urn:ietf:params:oauth:token-type:saml2',
    subject_token: encodeAssertion(world.assert()),
  })
  await plane.close()
  expect([response.status, ((await response.json()) as { error: string }).error]).toEqual([400, 'invalid_request'])
})
