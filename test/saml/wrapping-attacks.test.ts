import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type SamlWorld, startSamlWorld } from './saml-world.ts'

let world: SamlWorld
beforeAll(async () => {
  world = await startSamlWorld()
})
afterAll(() => world.close())

/** A signed assertion taken apart, and the one that an attacker would rather have read. */
interface Parts {
  readonly signed: string
  readonly signature: string
  /** The signed assertion without its signature. */
  readonly unsigned: string
  /** The same with another subject and another ID, and nobody's signature. */
  readonly evil: string
  /** The same with another subject and the same ID. */
  readonly twin: string
}

function takeApart(signed: string): Parts {
  const [signature = ''] = /<ds:Signature.*<\/ds:Signature>/s.exec(signed) ?? []
  const unsigned = signed.replace(signature, '')
  const twin = unsigned.replace('>orders<', '>admin<').replace('>producers<', '>admins<')
  const evil = twin.replace(/ID="[^"]+"/, 'ID="_evil"')
  expect(signature).not.toBe('')
  expect(evil).toContain('>admin<')
  return { signed, signature, unsigned, evil, twin }
}

const PROTOCOL = 'urn:oasis:names:tc:SAML:2.0:protocol'

function response(content: string, id = '_response'): string {
  return `<samlp:Response xmlns:samlp="${PROTOCOL}" ID="${id}" Version="2.0">${content}</samlp:Response>`
}

/** Puts content after the issuer, where a signature stands. */
function afterIssuer(assertion: string, content: string): string {
  return assertion.replace('</saml:Issuer>', `</saml:Issuer>${content}`)
}

/** Puts content at the end of an assertion. */
function atEnd(assertion: string, content: string): string {
  return assertion.replace(/<\/saml:Assertion>$/, `${content}</saml:Assertion>`)
}

/** Puts content at the end of a signature. */
function inSignature(signature: string, content: string): string {
  return signature.replace(/<\/ds:Signature>$/, `${content}</ds:Signature>`)
}

type Wrap = (parts: Parts) => readonly string[]

/** The eight ways of signature wrapping, each about a response as it was first described, and about an assertion alone. */
const WRAPS: readonly (readonly [string, Wrap])[] = [
  [
    'S1: the signed one inside its own signature, in an evil root (XSW1)',
    ({ signature, unsigned, evil, signed }) => [
      response(`${inSignature(signature, response(unsigned))}${evil}`, '_evil-response'),
      afterIssuer(evil, inSignature(signature, signed)),
      afterIssuer(evil, inSignature(signature, unsigned)),
    ],
  ],
  [
    'S2: the signed one beside its signature, in an evil root (XSW2)',
    ({ signature, unsigned, evil }) => [
      response(`${response(unsigned)}${signature}${evil}`, '_evil-response'),
      afterIssuer(evil, `${unsigned}${signature}`),
      afterIssuer(evil, `${signature}${unsigned}`),
    ],
  ],
  [
    'S3: an evil assertion before the signed one (XSW3), two assertions',
    ({ signed, evil }) => [response(`${evil}${signed}`), response(`${signed}${evil}`), `${evil}${signed}`],
  ],
  [
    'S4: the signed assertion inside an evil one (XSW4)',
    ({ signed, evil }) => [response(atEnd(evil, signed)), atEnd(evil, signed), afterIssuer(evil, signed)],
  ],
  [
    'S5: an evil assertion with the signature, and the signed one after it (XSW5)',
    ({ signature, unsigned, evil }) => [
      response(`${afterIssuer(evil, signature)}${unsigned}`),
      atEnd(afterIssuer(evil, signature), unsigned),
      afterIssuer(evil, signature),
    ],
  ],
  [
    'S6: an evil assertion with the signature, and the signed one inside that (XSW6)',
    ({ signature, unsigned, evil }) => [
      response(afterIssuer(evil, inSignature(signature, unsigned))),
      afterIssuer(evil, signature.replace('<ds:SignedInfo>', `${unsigned}<ds:SignedInfo>`)),
      afterIssuer(evil, signature.replace('</ds:SignedInfo>', `</ds:SignedInfo>${unsigned}`)),
    ],
  ],
  [
    'S7: an evil assertion in extensions, under the same ID (XSW7), duplicate ID',
    ({ signed, twin }) => [
      response(`<samlp:Extensions>${twin}</samlp:Extensions>${signed}`),
      atEnd(signed, `<saml:Advice>${twin}</saml:Advice>`),
      atEnd(twin, `<saml:Advice>${signed}</saml:Advice>`),
      atEnd(signed, `<Extensions xmlns="urn:x">${twin}</Extensions>`),
    ],
  ],
  [
    'S8: the signed one as an object of the signature of an evil one (XSW8)',
    ({ signature, unsigned, evil, twin }) => [
      response(afterIssuer(evil, inSignature(signature, `<ds:Object>${unsigned}</ds:Object>`))),
      afterIssuer(evil, inSignature(signature, `<ds:Object>${unsigned}</ds:Object>`)),
      afterIssuer(twin, inSignature(signature, `<ds:Object>${unsigned}</ds:Object>`)),
    ],
  ],
]

describe('a wrapped assertion is refused, and the one that was wrapped is good still [saml-wrapped]', () => {
  test.each(WRAPS)('%s', async (_title, wrap) => {
    const signed = world.assert()
    for (const [index, xml] of wrap(takeApart(signed)).entries()) {
      const outcome = await world.exchange(xml)
      expect({ index, ...outcome }).toMatchObject({ index, status: 400, error: 'invalid_request' })
      expect(outcome.code).toMatch(/^ERR_GATEWAY_(SAML_MALFORMED|SAML_SIGNATURE|TOKEN_ISSUER_UNKNOWN)$/)
      expect(JSON.stringify(outcome)).not.toMatch(/admin|_evil/)
    }
    expect(await world.exchange(signed)).toMatchObject({ status: 200 })
  })
})

test('S1, S2: a signature over the response only is none over the assertion, in the response and cut out of it', async () => {
  const { signed } = takeApart(world.assert({ edit: response, signs: "/*[local-name(.)='Response']" }))
  const [assertion = ''] = /<saml:Assertion.*<\/saml:Assertion>/s.exec(signed) ?? []
  for (const xml of [signed, assertion]) {
    expect(await world.exchange(xml)).toMatchObject({ status: 400, error: 'invalid_request' })
  }
})

test('a response around a good assertion is refused, and the assertion in it is taken alone', async () => {
  const inner = world.assert()
  expect(await world.exchange(response(inner))).toMatchObject({ status: 400, error: 'invalid_request' })
  expect(await world.exchange(inner)).toMatchObject({ status: 200 })
})

test('S8: a reference to another element than the assertion is refused, though the signature over it is good', async () => {
  const assertion = "/*[local-name(.)='Assertion']"
  for (const reference of [`${assertion}/*[local-name(.)='Subject']`, `${assertion}/*[local-name(.)='Conditions']`]) {
    expect(await world.exchange(world.assert({ signs: reference }))).toMatchObject({
      status: 400,
      code: 'ERR_GATEWAY_SAML_SIGNATURE',
    })
  }
  expect(await world.exchange(world.assert({ signs: assertion }))).toMatchObject({ status: 200 })
})

test('S8: a second signature is refused, wherever it stands', async () => {
  const { signed, signature } = takeApart(world.assert())
  const foreign = takeApart(world.assert({}, world.other)).signature
  for (const xml of [atEnd(signed, signature), atEnd(signed, foreign), afterIssuer(signed, foreign)]) {
    expect(await world.exchange(xml)).toMatchObject({ status: 400, code: 'ERR_GATEWAY_SAML_MALFORMED' })
  }
  expect(await world.exchange(signed)).toMatchObject({ status: 200 })
})

test('S8: a signature with a second SignedInfo, or a comment in its digest, is refused', async () => {
  const { signed, signature } = takeApart(world.assert())
  const [info = ''] = /<ds:SignedInfo>.*<\/ds:SignedInfo>/s.exec(signature) ?? []
  for (const xml of [
    signed.replace(info, `${info}${info}`),
    signed.replace('<ds:SignatureValue>', `${info}<ds:SignatureValue>`),
    signed.replace('<ds:DigestValue>', '<ds:DigestValue><!--x-->'),
    signed.replace(/<ds:Reference .*<\/ds:Reference>/s, (reference) => `${reference}${reference}`),
  ]) {
    expect(await world.exchange(xml)).toMatchObject({ status: 400, error: 'invalid_request' })
  }
  expect(await world.exchange(signed)).toMatchObject({ status: 200 })
})
