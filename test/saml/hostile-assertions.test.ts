import { createPublicKey, X509Certificate } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { collectLog } from '../../packages/gateway/src/control-plane/control-plane-fixture.ts'
import { SpentTokens } from '../../packages/gateway/src/identity/spent-tokens.ts'
import { SharedStore } from '../../packages/gateway/src/store/shared-store.ts'
import { openStore } from '../../packages/gateway/src/store/store.ts'
import { encodeAssertion } from '../../packages/testkit/src/identity/saml-issuer.ts'
import { createCertificates } from '../certificates/certificates.ts'
import { createIssuers, RECIPIENT, type SamlWorld, startSamlWorld } from './saml-world.ts'

let world: SamlWorld
beforeAll(async () => {
  world = await startSamlWorld()
})
afterAll(() => world.close())

/** Replaces a part of an assertion; a part that is not there would make a test of nothing. */
function put(from: string | RegExp, to: string | ((part: string) => string)): (xml: string) => string {
  return (xml) => {
    const changed = typeof to === 'string' ? xml.replace(from, to) : xml.replace(from, to)
    if (changed === xml) throw new TypeError(`nothing to replace: ${from}`)
    return changed
  }
}

function at(offsetSeconds: number): string {
  return new Date(world.plane.clock.nowUnixMs() + offsetSeconds * 1_000).toISOString()
}

const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer'
const DATA = /<saml:SubjectConfirmationData[^>]*\/>/
const CONFIRMATION = /<saml:SubjectConfirmation .*<\/saml:SubjectConfirmation>/
const CONDITIONS = /<saml:Conditions.*<\/saml:Conditions>/
const NAME_ID = /<saml:NameID[^>]*>orders<\/saml:NameID>/
const data = (attributes: string): (() => (xml: string) => string) => {
  return () => put(DATA, `<saml:SubjectConfirmationData ${attributes}/>`)
}

/** What an issuer signs, and the code it is refused with. The edits are made when the test runs, by its clock. */
const SIGNED: readonly (readonly [string, () => (xml: string) => string, string])[] = [
  ['S9: another recipient', () => put(RECIPIENT, 'https://other.example/token'), 'SAML_CONFIRMATION'],
  ['S9: the recipient in another spelling', () => put(RECIPIENT, `${RECIPIENT}/`), 'SAML_CONFIRMATION'],
  ['S9: no recipient', () => put(` Recipient="${RECIPIENT}"`, ''), 'SAML_CONFIRMATION'],
  ['S9: no subject confirmation', () => put(CONFIRMATION, ''), 'SAML_CONFIRMATION'],
  ['S9: no confirmation data', () => put(DATA, ''), 'SAML_CONFIRMATION'],
  ['S9: an expired confirmation', () => put(DATA, confirmation(-1)), 'TOKEN_EXPIRED'],
  ['S9: a confirmation without an end', data(`Recipient="${RECIPIENT}"`), 'SAML_CONFIRMATION'],
  ['S9: holder-of-key', () => put(BEARER, 'urn:oasis:names:tc:SAML:2.0:cm:holder-of-key'), 'SAML_CONFIRMATION'],
  ['S9: sender-vouches', () => put(BEARER, 'urn:oasis:names:tc:SAML:2.0:cm:sender-vouches'), 'SAML_CONFIRMATION'],
  ['S9: two confirmations', () => put(CONFIRMATION, '$&$&'), 'SAML_CONFIRMATION'],
  ['S9: NotBefore on bearer', () => put('Recipient="', `NotBefore="${at(-5)}" Recipient="`), 'SAML_CONFIRMATION'],
  ['S9: an address on bearer', () => put('Recipient="', 'Address="10.0.0.1" Recipient="'), 'SAML_CONFIRMATION'],
  ['S9: no conditions', () => put(CONDITIONS, ''), 'SAML_CONDITIONS'],
  ['S9: no audience', () => put(/<saml:AudienceRestriction.*<\/saml:AudienceRestriction>/, ''), 'SAML_CONDITIONS'],
  ['S9: another audience', () => put('>https://gateway.example<', '>https://other.example<'), 'TOKEN_AUDIENCE'],
  [
    'S9: a second restriction to another audience',
    () =>
      put(
        '</saml:Conditions>',
        '<saml:AudienceRestriction><saml:Audience>x</saml:Audience></saml:AudienceRestriction></saml:Conditions>',
      ),
    'TOKEN_AUDIENCE',
  ],
  [
    'S9: a condition nobody knows',
    () => put('</saml:Conditions>', '<x:Only xmlns:x="urn:x"/></saml:Conditions>'),
    'SAML_CONDITIONS',
  ],
  ['S9: expired conditions', () => put(/(<saml:Conditions.*?NotOnOrAfter=)"[^"]*"/, `$1"${at(-1)}"`), 'TOKEN_EXPIRED'],
  [
    'S9: conditions of the future',
    () => put(/(<saml:Conditions NotBefore=)"[^"]*"/, `$1"${at(60)}"`),
    'TOKEN_NOT_YET_VALID',
  ],
  [
    'S9: a session that is over',
    () => put(/SessionNotOnOrAfter="[^"]*"/, `SessionNotOnOrAfter="${at(-1)}"`),
    'TOKEN_EXPIRED',
  ],
  ['S9: signed in tomorrow', () => put(/AuthnInstant="[^"]*"/, `AuthnInstant="${at(86_400)}"`), 'TOKEN_NOT_YET_VALID'],
  ['S9: issued in the future', () => put(/IssueInstant="[^"]*"/, `IssueInstant="${at(60)}"`), 'TOKEN_NOT_YET_VALID'],
  ['S9: issued too long ago', () => put(/IssueInstant="[^"]*"/, `IssueInstant="${at(-301)}"`), 'TOKEN_LIFETIME'],
  ['S9: no time of issue', () => put(/ IssueInstant="[^"]*"/, ''), 'SAML_MALFORMED'],
  ['S9: a time in no zone', () => put(/IssueInstant="[^"]*"/, 'IssueInstant="2026-11-24T12:00:00"'), 'SAML_MALFORMED'],
  ['S9: SAML 1.1', () => put('Version="2.0"', 'Version="1.1"'), 'SAML_MALFORMED'],
  ['S9: no subject', () => put(/<saml:Subject>.*<\/saml:Subject>/, ''), 'SAML_CONFIRMATION'],
  ['S9: a second subject', () => put(/<saml:Subject>.*<\/saml:Subject>/, '$&$&'), 'SAML_MALFORMED'],
  ['S9: no name', () => put(NAME_ID, ''), 'SAML_SUBJECT'],
  ['S9: an empty name', () => put('>orders<', '><'), 'SAML_SUBJECT'],
  ['S9: a name with an element in it', () => put('>orders<', '>or<b xmlns="urn:x"/>ders<'), 'SAML_SUBJECT'],
  ['S9: a transient name', () => put('format:persistent', 'format:transient'), 'SAML_SUBJECT'],
  [
    'S9: a name of another name space',
    () => put('<saml:NameID ', '<saml:NameID NameQualifier="https://x" '),
    'SAML_SUBJECT',
  ],
  [
    'S9: a name for another service',
    () => put('<saml:NameID ', '<saml:NameID SPNameQualifier="https://x" '),
    'SAML_SUBJECT',
  ],
  ['S9: advice', () => put('<saml:Conditions', '<saml:Advice/><saml:Conditions'), 'SAML_MALFORMED'],
  [
    'S9: an issuer nobody knows',
    () => put('>https://idp.example/saml<', '>https://idp.example/saml/<'),
    'TOKEN_ISSUER_UNKNOWN',
  ],
]

function confirmation(offsetSeconds: number): string {
  return `<saml:SubjectConfirmationData NotOnOrAfter="${at(offsetSeconds)}" Recipient="${RECIPIENT}"/>`
}

describe('an assertion that its issuer did sign is refused when it says too little, or something else', () => {
  test.each(SIGNED)('%s', async (_title, edit, code) => {
    expect(await world.exchange(world.assert({ edit: edit() }))).toMatchObject({
      status: 400,
      error: 'invalid_request',
      code: `ERR_GATEWAY_${code}`,
    })
  })

  test('S9: the same assertion with nothing changed is taken', async () => {
    expect(await world.exchange(world.assert({ edit: (xml) => xml }))).toMatchObject({ status: 200 })
  })
})

test('S9: the issuer of one tenant with the key of another is refused, both ways', async () => {
  const swapTo = (from: string, to: string): ((xml: string) => string) => put(`>${from}<`, `>${to}<`)
  const { issuer, other } = world
  for (const xml of [
    world.assert({ edit: swapTo(issuer.entityId, other.entityId) }, issuer),
    world.assert({ edit: swapTo(other.entityId, issuer.entityId) }, other),
  ]) {
    expect(await world.exchange(xml)).toMatchObject({ status: 400, code: 'ERR_GATEWAY_SAML_SIGNATURE' })
  }
  expect(await world.exchange(world.assert({}, other))).toMatchObject({ status: 200 })
})

function ids(count: number): string {
  return Array.from({ length: count }, (_, n) => `<a ID="x${n}"/>`).join('')
}

function crowded(count: number): string {
  return `<a ${Array.from({ length: 12 }, (_, n) => `b${n}=""`).join(' ')}/>`.repeat(count)
}

const SHA1 = 'http://www.w3.org/2000/09/xmldsig#sha1'
const RSA_SHA1 = 'http://www.w3.org/2000/09/xmldsig#rsa-sha1'
const HMAC_SHA1 = 'http://www.w3.org/2000/09/xmldsig#hmac-sha1'

/** What somebody on the way does to a good assertion. */
const CHANGED: readonly (readonly [string, (xml: string) => string])[] = [
  ['S10: another subject', put('>orders<', '>admin<')],
  ['S10: another group', put('>producers<', '>admins<')],
  ['S10: a later end', put(/NotOnOrAfter="\d{4}/g, 'NotOnOrAfter="2999')],
  ['S10: no signature', put(/<ds:Signature.*<\/ds:Signature>/s, '')],
  [
    'S10: an empty signature',
    put(/<ds:SignatureValue>.*<\/ds:SignatureValue>/s, '<ds:SignatureValue></ds:SignatureValue>'),
  ],
  ['S10: SHA-1 named in the signature', put('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', RSA_SHA1)],
  ['S10: SHA-1 named in the digest', put('http://www.w3.org/2001/04/xmlenc#sha256', SHA1)],
  ['S10: HMAC named in the signature', put('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', HMAC_SHA1)],
  ['S10: no algorithm', put(' Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"', '')],
  ['S10: a comment in the name', put('>orders<', '>orders<!---->.admin<')],
  ['S10: a comment elsewhere', put('<saml:Subject>', '<saml:Subject><!-- x -->')],
  ['S10: a processing instruction', put('<saml:Subject>', '<saml:Subject><?x y?>')],
  ['S10: a CDATA section', put('>orders<', '><![CDATA[orders]]><')],
  ['S10: a DOCTYPE', (xml) => `<!DOCTYPE x>${xml}`],
  ['S10: a DOCTYPE with an entity', (xml) => `<!DOCTYPE x [<!ENTITY e "orders">]>${put('>orders<', '>&e;<')(xml)}`],
  [
    'S10: an external entity',
    (xml) => `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${put('>orders<', '>&e;<')(xml)}`,
  ],
  ['S10: an entity that nobody declared', put('>orders<', '>&e;<')],
  ['S10: two roots', (xml) => `${xml}<x/>`],
  ['S10: not closed', (xml) => xml.slice(0, -1)],
  ['S10: an attribute twice', put('Version="2.0"', 'Version="2.0" Version="2.0"')],
  ['S10: nested too deep', put('<saml:Subject>', `<saml:Subject>${'<a>'.repeat(5_000)}${'</a>'.repeat(5_000)}`)],
  [
    'S10: too many namespaces',
    put(
      '<saml:Subject>',
      `<saml:Subject ${Array.from({ length: 1_000 }, (_, n) => `xmlns:n${n}="urn:${n}"`).join(' ')}>`,
    ),
  ],
  ['S10: twenty thousand elements', put('<saml:Subject>', `<saml:Subject>${'<a/>'.repeat(20_000)}`)],
  ['S10: a hundred references', put(/<ds:Reference .*<\/ds:Reference>/s, (reference) => reference.repeat(100))],
  ['S10: a hundred IDs', put('<saml:Subject>', `<saml:Subject>${ids(100)}`)],
  ['S10: five thousand attributes', put('<saml:Subject>', `<saml:Subject>${crowded(400)}`)],
  ['S10: an element of another name as the root', (xml) => xml.replaceAll('saml:Assertion', 'saml:Statement')],
  [
    'S10: the root in another namespace',
    put('xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"', 'xmlns:saml="urn:x"'),
  ],
  ['S10: no XML', () => '{"alg":"none"}'],
]

describe('an assertion that was changed on its way is refused', () => {
  test.each(CHANGED)('%s', async (_title, change) => {
    const good = world.assert()
    const outcome = await world.exchange(change(good))
    expect(outcome).toMatchObject({ status: 400, error: 'invalid_request' })
    expect(outcome.code).toMatch(/^ERR_GATEWAY_(SAML_MALFORMED|SAML_SIGNATURE|TOKEN_ISSUER_UNKNOWN)$/)
    expect(outcome.description).not.toMatch(/admin|passwd|alg/)
    expect(await world.exchange(good)).toMatchObject({ status: 200 })
  })

  test.each([
    ['SHA-1 in the signature', { signatureAlgorithm: RSA_SHA1 }],
    ['SHA-1 in the digest', { digestAlgorithm: SHA1 }],
  ])('S10: an issuer that does sign with %s', async (_title, change) => {
    const outcome = await world.exchange(world.assert(change))
    expect(outcome).toMatchObject({ status: 400, code: 'ERR_GATEWAY_SAML_SIGNATURE' })
  })

  test('S10: a key that stands in the assertion', async () => {
    const { certPem } = await createCertificates({ hosts: ['localhost'] })
    const inside = new X509Certificate(certPem).raw.toString('base64')
    const keyInfo = `<ds:X509Data><ds:X509Certificate>${inside}</ds:X509Certificate></ds:X509Data>`
    const [stranger] = createIssuers()
    expect(stranger.entityId).toBe(world.issuer.entityId)
    expect(await world.exchange(world.assert({ keyInfo }, stranger))).toMatchObject({
      status: 400,
      code: 'ERR_GATEWAY_SAML_SIGNATURE',
    })
    const rsaValue = (name: 'n' | 'e'): string =>
      createPublicKey(stranger.publicKeyPem).export({ format: 'jwk' })[name] ?? ''
    const value = `<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>${rsaValue('n')}</ds:Modulus><ds:Exponent>${rsaValue('e')}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>`
    expect(await world.exchange(world.assert({ keyInfo: value }, stranger))).toMatchObject({ status: 400 })
    // The issuer's own may stand there; nobody looks.
    expect(await world.exchange(world.assert({ keyInfo }))).toMatchObject({ status: 200 })
  })

  test('S10: 10 MB, and a little more than an assertion may have', async () => {
    const long = await world.exchangeToken('A'.repeat(10_485_760))
    expect(long).toMatchObject({ status: 413, error: 'invalid_request' })
    const xml = world.assert({ groups: ['x'.repeat(98_304)] })
    expect(await world.exchange(xml)).toMatchObject({ status: 400, code: 'ERR_GATEWAY_SAML_MALFORMED' })
  })

  test.each([
    ['base64 with other signs', () => Buffer.from(world.assert()).toString('base64').replace(/^./, '+')],
    ['no base64url', () => 'a b'],
    ['bytes that are not UTF-8', () => Buffer.from([0x3c, 0xff, 0xfe, 0x3e]).toString('base64url')],
    ['UTF-16', () => Buffer.from(world.assert(), 'utf16le').toString('base64url')],
    ['a byte order mark', () => encodeAssertion(`\uFEFF${world.assert()}`)],
    ['another declared encoding', () => encodeAssertion(`<?xml version="1.0" encoding="UTF-7"?>${world.assert()}`)],
    ['a JSON web token', () => 'eyJhbGciOiJub25lIn0.e30.'],
  ])('S10: %s', async (_title, token) => {
    expect(await world.exchangeToken(token())).toMatchObject({ status: 400, code: 'ERR_GATEWAY_SAML_MALFORMED' })
  })
})

describe('an assertion can be exchanged once [saml-once]', () => {
  test('S10: not a second time, and of twenty at once one', async () => {
    const xml = world.assert()
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => world.exchange(xml)))
    expect(outcomes.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(outcomes.filter(({ description }) => description?.includes('can be exchanged once'))).toHaveLength(19)
  })

  test('S10: not in another spelling of the same bytes', async () => {
    const xml = world.assert()
    expect(await world.exchange(xml)).toMatchObject({ status: 200 })
    const declared = `<?xml version="1.0" encoding="UTF-8"?>\n${xml}`
    expect(await world.exchange(declared)).toMatchObject({ status: 400, code: 'ERR_GATEWAY_TOKEN_SPENT' })
  })

  test('S10: the same ID of another issuer is another assertion', async () => {
    const id = '_the-same'
    expect(await world.exchange(world.assert({ id }))).toMatchObject({ status: 200 })
    expect(await world.exchange(world.assert({ id }, world.other))).toMatchObject({ status: 200 })
    expect(await world.exchange(world.assert({ id }))).toMatchObject({ code: 'ERR_GATEWAY_TOKEN_SPENT' })
  })

  test('S10: not at another gateway that shares the store, and not after a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'headgate-saml-'))
    const issuers = createIssuers()
    const open = () => openStore({ store: { path: join(folder, 'gateway.db') }, log: collectLog().log })
    const startPair = async (): Promise<[SamlWorld, SamlWorld, () => Promise<void>]> => {
      const store = new SharedStore(open)
      const tables = [world.plane.clock, world.plane.clock].map(
        (clock) => new SpentTokens({ openStore: () => store.open(), clock }),
      )
      const [one, two] = await Promise.all(tables.map((spent) => startSamlWorld({ spent }, issuers)))
      if (one === undefined || two === undefined) throw new TypeError('two were started')
      return [one, two, async () => void (await Promise.all([...tables, one, two].map((part) => part.close())))]
    }
    const [one, two, close] = await startPair()
    const xml = one.assert()
    expect(await one.exchange(xml)).toMatchObject({ status: 200 })
    expect(await two.exchange(xml)).toMatchObject({ code: 'ERR_GATEWAY_TOKEN_SPENT' })
    const raced = one.assert()
    const outcomes = await Promise.all([one.exchange(raced), two.exchange(raced)])
    expect(outcomes.map(({ status }) => status).sort()).toEqual([200, 400])
    await close()

    const [again, , closeAgain] = await startPair()
    expect(await again.exchange(xml)).toMatchObject({ code: 'ERR_GATEWAY_TOKEN_SPENT' })
    await closeAgain()
    await rm(folder, { recursive: true })
  })

  test('S10: not while nobody can say whether it has been', async () => {
    const openStore = (): Promise<never> => Promise.reject(new Error('the disk is gone'))
    const broken = await startSamlWorld({ spent: new SpentTokens({ clock: world.plane.clock, openStore }) })
    const outcome = await broken.exchange(broken.assert())
    await broken.close()
    expect(outcome).toMatchObject({
      status: 503,
      error: 'temporarily_unavailable',
      code: 'ERR_GATEWAY_TOKEN_SPENT_UNKNOWN',
    })
    expect(outcome.description).not.toContain('disk')
  })
})
