import { generateKeyPairSync } from 'node:crypto'
import { CompactSign, exportJWK, generateKeyPair } from 'jose'
import { afterEach, expect, test, vi } from 'vitest'
import { Operation } from '../operation.ts'
import { decide } from '../program/decide.ts'
import { programOf } from '../program/policy-fixture.ts'
import { claimsOf, expectation, ISSUED, key, program, signAnything } from './bundle-fixture.ts'
import { BUNDLE_TYPE, MAX_BUNDLE_LENGTH } from './bundle-format.ts'
import { createBundleKey } from './bundle-key.ts'
import { createCanaries } from './canaries.ts'
import { signBundle } from './sign-bundle.ts'
import { VerifiedBundle } from './verified-bundle.ts'
import { type BundleExpectation, verifyBundle } from './verify-bundle.ts'

const jws = await signBundle(claimsOf(), key)
const [header = '', payload = '', signature = ''] = jws.split('.')
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** The last part of the code with which a bundle is refused; `accepted` where it is not. */
async function refusalOf(bundle: string, changes: Partial<BundleExpectation> = {}): Promise<string> {
  return verifyBundle(bundle, expectation(changes)).then(
    () => 'accepted',
    (error: { code?: string }) => error.code?.replace('ERR_POLICY_BUNDLE_', '') ?? String(error),
  )
}

afterEach(() => vi.unstubAllGlobals())

test('a sound bundle is verified, and its program decides as the one that was signed [bundle-signed]', async () => {
  const verified = await verifyBundle(jws, expectation())
  expect(verified.program.digest).toBe(program.digest)
  expect(verified.claims).toEqual(claimsOf())
  expect(decide(verified.program, 'topic', Operation.Read, 'orders', 0)).toMatchObject({ effect: 'allow' })
  expect(decide(verified.program, 'topic', Operation.Write, 'audit')).toMatchObject({ ruleIds: ['denial'] })
})

test('B1: a bundle without a sound signature is refused [bundle-signed]', async () => {
  expect(await refusalOf('')).toBe('FORMAT')
  expect(await refusalOf(JSON.stringify(claimsOf()))).toBe('FORMAT')
  expect(await refusalOf(`${header}.${payload}.`)).toBe('FORMAT')
  expect(await refusalOf(`${header}.${payload}`)).toBe('FORMAT')
  for (const alg of ['none', 'None', 'noNE', '', undefined]) {
    const unsigned = encode({ alg, kid: key.thumbprint, typ: BUNDLE_TYPE })
    expect(await refusalOf(`${unsigned}.${payload}.`)).toBe('FORMAT')
    expect(await refusalOf(`${unsigned}.${payload}.${signature}`)).toBe('FORMAT')
  }
  expect(await refusalOf(`${header}.${payload}.${'A'.repeat(86)}`)).toBe('SIGNATURE')
  expect(await refusalOf(`${header}.${encode({ ...claimsOf(), revision: 8 })}.${signature}`)).toBe('SIGNATURE')
})

test('B1: there is no bundle but a verified one', async () => {
  const verified = await verifyBundle(jws, expectation())
  const Constructor = verified.constructor as new (...args: unknown[]) => unknown
  expect(() => new Constructor(claimsOf(), program, ISSUED)).toThrow(TypeError)
  expect(() => new Constructor(Symbol('verified'), claimsOf(), program, ISSUED)).toThrow(TypeError)
  expect(VerifiedBundle.is({ ...verified })).toBe(false)
  expect(VerifiedBundle.is(Object.create(VerifiedBundle.prototype))).toBe(false)
  expect(Object.isFrozen(verified)).toBe(true)
})

test('B2: a bundle older than what was seen or demanded is refused [bundle-rollback]', async () => {
  const highWaterMark = { revision: 8, programDigest: program.digest }
  expect(await refusalOf(jws, { highWaterMark })).toBe('ROLLBACK')
  expect(await refusalOf(jws, { minimumRevision: 8 })).toBe('ROLLBACK')
  expect(await refusalOf(jws, { minimumRevision: Number.NaN })).toBe('ROLLBACK')
  expect(await refusalOf(jws, { minimumRevision: 7, highWaterMark: { ...highWaterMark, revision: 6 } })).toBe(
    'accepted',
  )
})

test('B3: a bundle whose end has come is refused, at that millisecond', async () => {
  expect(await refusalOf(jws, { nowUnixMs: ISSUED + 299_999 })).toBe('accepted')
  expect(await refusalOf(jws, { nowUnixMs: ISSUED + 300_000 })).toBe('EXPIRED')
  expect(await refusalOf(jws, { nowUnixMs: Number.NaN })).toBe('EXPIRED')
})

test('B4: rules of one bundle cannot be put beside the rest of another', async () => {
  const other = programOf('rules: [{ id: wide, who: everyone, may: { consume: ["*"] } }]')
  const mixed = claimsOf({ residual: other.residual, canaries: [] })
  expect(await refusalOf(await signAnything(mixed))).toBe('PROGRAM')
  expect(await refusalOf(`${header}.${encode(mixed)}.${signature}`)).toBe('SIGNATURE')
})

test('B5: a revision is a safe integer', async () => {
  for (const revision of [-1, 1.5, 2 ** 53, '7', null]) {
    expect(await refusalOf(await signAnything({ ...claimsOf(), revision }))).toBe('CLAIMS')
  }
  expect(await refusalOf(await signAnything(claimsOf({ revision: Number.MAX_SAFE_INTEGER })))).toBe('accepted')
})

test("B6: another client's, cluster's, issuer's or subject's bundle is refused", async () => {
  expect(await refusalOf(jws, { audience: 'payments-service' })).toBe('ADDRESSEE')
  expect(await refusalOf(jws, { cluster: 'orders-test' })).toBe('ADDRESSEE')
  expect(await refusalOf(jws, { issuer: 'https://gateway.example/' })).toBe('ADDRESSEE')
  expect(await refusalOf(jws, { subject: { issuer: 'partner', subject: 'ada' } })).toBe('ADDRESSEE')
  expect(await refusalOf(jws, { subject: { issuer: 'corp', subject: 'bob' } })).toBe('ADDRESSEE')
  const subject = { issuer: 'corp', subject: 'ada' }
  expect(await refusalOf(jws, { issuer: 'https://gateway.example', subject })).toBe('accepted')
})

test('B7: one revision with two programs is refused [bundle-rollback]', async () => {
  const programDigest = `sha256:${'0'.repeat(64)}`
  expect(await refusalOf(jws, { highWaterMark: { revision: 7, programDigest } })).toBe('EQUIVOCATION')
  expect(await refusalOf(jws, { highWaterMark: { revision: 7, programDigest: program.digest } })).toBe('accepted')
})

test('B8: a key or a signature made for something else is refused [bundle-signed]', async () => {
  const token = await generateKeyPair('ES256', { extractable: true })
  const es256 = (typ: string): Promise<string> =>
    new CompactSign(new TextEncoder().encode(JSON.stringify(claimsOf())))
      .setProtectedHeader({ alg: 'ES256', kid: key.thumbprint, typ })
      .sign(token.privateKey)
  const keys = [{ ...(await exportJWK(token.publicKey)), kid: key.thumbprint }]
  expect(await refusalOf(await es256(BUNDLE_TYPE), { keys })).toBe('FORMAT')
  expect(await refusalOf(await es256('at+jwt'), { keys })).toBe('FORMAT')
  for (const typ of ['at+jwt', 'JWT', `application/${BUNDLE_TYPE}`, BUNDLE_TYPE.toUpperCase(), undefined, 1]) {
    expect(await refusalOf(await signAnything(claimsOf(), { typ }))).toBe('TYPE')
  }
})

test('B9: only a configured key counts, and the header brings none; nothing is fetched', async () => {
  const fetched = vi.fn()
  vi.stubGlobal('fetch', fetched)
  const other = await createBundleKey()
  expect(await refusalOf(jws, { thumbprints: [other.thumbprint] })).toBe('KEY')
  expect(await refusalOf(jws, { thumbprints: [] })).toBe('KEY')
  expect(await refusalOf(jws, { keys: [] })).toBe('KEY')
  // A served key takes no name but its own thumbprint.
  expect(await refusalOf(jws, { keys: [{ ...other.publicJwk, kid: key.thumbprint }] })).toBe('KEY')
  expect(await refusalOf(jws, { keys: [other.publicJwk, key.publicJwk, key.publicJwk] })).toBe('accepted')
  expect(await refusalOf(jws, { keys: [{ ...key.publicJwk, kty: 'EC' }] })).toBe('KEY')
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'jwk' })
  expect(
    await refusalOf(jws, { keys: [{ ...rsa, kid: key.thumbprint }, {}, { kty: 'OKP', crv: 'Ed25519' }] as never }),
  ).toBe('KEY')
  const extras: Record<string, unknown>[] = [
    { jwk: key.publicJwk },
    { jku: 'https://evil.example/keys' },
    { x5c: ['AAAA'] },
    { x5u: 'https://evil.example' },
    { cty: 'JWT' },
    { b64: true, crit: ['b64'] },
    { exp: 1, crit: ['exp'] },
    { zip: 'DEF' },
  ]
  for (const extra of extras) expect(await refusalOf(await signAnything(claimsOf(), extra))).toBe('FORMAT')
  for (const kid of [undefined, 1, ['x']])
    expect(await refusalOf(await signAnything(claimsOf(), { kid }))).toBe('FORMAT')
  expect(await refusalOf(await signAnything(claimsOf(), { alg: 'EdDSA' }))).toBe('FORMAT')
  expect(fetched).not.toHaveBeenCalled()
})

const [rule] = program.residual.rules
const [scope] = rule?.scopes ?? []
const withResidual = (change: object): object => ({ ...claimsOf(), residual: { ...program.residual, ...change } })
const withRule = (change: object): object => withResidual({ rules: [{ ...rule, ...change }] })
const [protection] = program.residual.protections.filter(({ mask }) => mask.some(({ fields }) => fields !== undefined))
const withProtection = (change: object): object => withResidual({ protections: [{ ...protection, ...change }] })
const maskOfFields = protection?.mask.find(({ fields }) => fields !== undefined)
const withMask = (change: object): object => withProtection({ mask: [{ ...maskOfFields, ...change }] })
const approval = program.residual.protections.flatMap((each) => each.approval ?? [])[0]
const withScope = (change: object): object => withRule({ scopes: [{ ...scope, ...change }] })

test.each<[string, object | string]>([
  ['a member too many', { ...claimsOf(), extra: 1 }],
  ['a member too few', { ...claimsOf(), cluster: undefined }],
  ['another version', { ...claimsOf(), version: 2 }],
  ['another staleness', { ...claimsOf(), onStale: 'allow' }],
  ['times out of order', claimsOf({ refreshAfterUnixMs: ISSUED - 1 })],
  ['an end before the refresh', claimsOf({ expiresAtUnixMs: ISSUED + 1 })],
  ['a digest of another kind', claimsOf({ programDigest: 'md5:0' })],
  ['an unknown member of the residual', withResidual({ masks: [] })],
  ['an unknown effect', withRule({ effect: 'hold' })],
  ['an unknown condition of a rule', withRule({ when: 'monday' })],
  ['an unknown reason', withRule({ because: 'mood' })],
  ['a rule without scopes', withRule({ scopes: [] })],
  ['an unknown resource type', withScope({ resourceType: 'user' })],
  ['an unknown operation', withScope({ operation: 35 })],
  ['an unknown condition of a scope', withScope({ until: 1 })],
  ['no names', withScope({ names: [] })],
  ['a name no topic can have', withScope({ names: ['a b'] })],
  ['a broken run', withScope({ partitions: [[3, 1]] })],
  [
    'overlapping runs',
    withScope({
      partitions: [
        [0, 3],
        [2, 4],
      ],
    }),
  ],
  ['a cluster by another name', withScope({ resourceType: 'cluster', names: ['x'] })],
  ['a hidden character in an id', withRule({ id: 'a\u200Bb' })],
  ['an unknown member of a canary', { ...claimsOf(), canaries: [{ ...createCanaries(program)[0], weight: 1 }] }],
  [
    'a canary that expects what there is not',
    { ...claimsOf(), canaries: [{ ...createCanaries(program)[0], effect: 'ask' }] },
  ],
  ['an unknown member of a protection', withProtection({ rows: [] })],
  ['a protection of no topic', withProtection({ match: [] })],
  ['an unknown format', withProtection({ format: 'avro' })],
  ['a mask of nothing', withMask({ fields: undefined })],
  ['a mask of several things', withMask({ key: true })],
  ['a mask in an unknown direction', withMask({ on: ['replicate'] })],
  ['a selector that is none', withMask({ fields: 'a.b' })],
  ['a selector in another form', withMask({ fields: 'a/b,a/c' })],
  ['an unknown detector', withMask({ fields: undefined, detect: ['iban'] })],
  ['a strategy that is none', withMask({ with: { type: 'keep-last', count: 65 } })],
  ['an unknown strategy', withMask({ with: { type: 'shred' } })],
  ['an unknown member of a strategy', withMask({ with: { type: 'remove', most: true } })],
  ['an approval of nobody', withProtection({ approval: { ...approval, people: 0 } })],
  ['an approval for no time', withProtection({ approval: { ...approval, forMs: 0 } })],
  ['an approval by a pattern', withProtection({ approval: { ...approval, by: ['*'] } })],
  ['an unknown member of an approval', withProtection({ approval: { ...approval, until: 1 } })],
  ['an unknown right', withRule({ unmask: { rows: ['a'] } })],
  ['a right to nothing', withRule({ unmask: { fields: [] } })],
  ['a right that is a guess', withRule({ withoutApproval: 'maybe' })],
  ['a demand left out', claimsOf({ mustUnderstand: ['masks'] })],
  ['no object', []],
  ['no JSON', '{"version": 1,'],
  ['a byte order mark', `\uFEFF${JSON.stringify(claimsOf())}`],
  ['prototype members', JSON.stringify(claimsOf()).replace('{', '{"__proto__":{"x":1},')],
])('B10: a payload with %s refuses the whole bundle', async (_what, claims) => {
  expect(await refusalOf(await signAnything(claims))).toBe('CLAIMS')
})

const list = { fields: ['a', 'b/c'], headers: ['h'], key: false }

test.each([
  ['as it is', list, undefined],
  ['of headers alone', { ...list, fields: [] }, undefined],
  ['of nothing', { fields: [], headers: [], key: false }, 'CLAIMS'],
  ['in another order', { ...list, fields: ['b/c', 'a'] }, 'CLAIMS'],
  ['that says a field twice', { ...list, fields: ['a', 'a'] }, 'CLAIMS'],
  ['that says a part of what it says', { ...list, fields: ['a', 'a/b'] }, 'CLAIMS'],
  ['of several paths in one', { ...list, fields: ['a,b/c'] }, 'CLAIMS'],
  ['of no selector', { ...list, fields: ['a..b'] }, 'CLAIMS'],
  ['of a pattern', { ...list, headers: ['h*'] }, 'CLAIMS'],
  ['without a word on the key', { fields: ['a'], headers: [] }, 'CLAIMS'],
  ['with something else', { ...list, detect: ['email'] }, 'CLAIMS'],
])('B10: a list of what is shown, %s: %s', async (_what, only, refusal) => {
  const rules = [{ ...rule, only }] as (typeof program.residual)['rules']
  const residual = { ...program.residual, rules }
  const { compileProgram } = await import('../program/program.ts')
  const compiled = refusal === undefined ? compileProgram(residual) : program
  const claims = claimsOf({
    ...{ residual, programDigest: compiled.digest, canaries: createCanaries(compiled) },
    mustUnderstand: ['approvals', 'masks', 'projections', 'required-audit'],
  })
  if (refusal !== undefined) expect(await refusalOf(await signAnything(claims))).toBe(refusal)
  else await expect(verifyBundle(await signAnything(claims), expectation())).resolves.toMatchObject({})
  // A reader that does not know lists is told before it comes to them.
  const unnamed = { ...claims, mustUnderstand: ['approvals', 'masks', 'required-audit'] }
  expect(await refusalOf(await signAnything(unnamed))).toBe('CLAIMS')
})

test('B10: a demand that is not known refuses the whole bundle', async () => {
  expect(await refusalOf(await signAnything(claimsOf({ mustUnderstand: ['rows'] })))).toBe('NOT_UNDERSTOOD')
  // Before its form: what a newer gateway adds is no fault of the form.
  const newer = { ...claimsOf({ mustUnderstand: ['rows'] }), rows: [] }
  expect(await refusalOf(await signAnything(newer))).toBe('NOT_UNDERSTOOD')
})

test('B12: size is checked before anything is read; a million rules and deep nesting end there or at the form', async () => {
  expect(await refusalOf('x'.repeat(MAX_BUNDLE_LENGTH + 1))).toBe('TOO_LARGE')
  const rules = Array.from({ length: 60_000 }, (_, index) => ({ ...rule, id: `r${index}` }))
  expect(await refusalOf(await signAnything(withResidual({ rules })))).toBe('TOO_LARGE')
  expect(await refusalOf(await signAnything(`${'['.repeat(100_000)}${']'.repeat(100_000)}`))).toBe('CLAIMS')
  expect(await refusalOf(`${'a'.repeat(100_000)}.${payload}.${signature}`)).toBe('FORMAT')
  const residual = { ...program.residual, rules } as typeof program.residual
  const { digest } = (await import('../program/program.ts')).compileProgram(residual)
  const huge = signBundle(claimsOf({ residual, programDigest: digest }), key)
  await expect(huge).rejects.toMatchObject({ code: 'ERR_POLICY_BUNDLE_TOO_LARGE' })
})

test('B16: a canary that comes out otherwise keeps the bundle out of force', async () => {
  const [first, ...others] = createCanaries(program)
  const wrong = { ...first!, effect: first!.effect === 'allow' ? ('deny' as const) : ('allow' as const) }
  expect(await refusalOf(await signAnything(claimsOf({ canaries: [...others, wrong] })))).toBe('CANARY')
})

test('B16: a bundle without rules is sound, and denies everything', async () => {
  const empty = programOf('rules: []')
  const claims = claimsOf({ residual: empty.residual, programDigest: empty.digest, canaries: createCanaries(empty) })
  const verified = await verifyBundle(await signBundle(claims, key), expectation())
  expect(claims.canaries.length).toBeGreaterThan(0)
  expect(decide(verified.program, 'topic', Operation.Read, 'orders')).toMatchObject({ reason: 'no-rule' })
})

test('checks come in one order: an earlier one speaks, whatever else is wrong', async () => {
  const wrong = { audience: 'x', minimumRevision: 99, nowUnixMs: ISSUED + 999_999 }
  expect(await refusalOf(await signAnything({ ...claimsOf(), mustUnderstand: ['x'] }, { typ: 'JWT' }), wrong)).toBe(
    'TYPE',
  )
  expect(await refusalOf(await signAnything({ ...claimsOf(), mustUnderstand: ['x'] }), wrong)).toBe('NOT_UNDERSTOOD')
  expect(await refusalOf(jws, wrong)).toBe('ADDRESSEE')
  expect(await refusalOf(jws, { ...wrong, audience: 'orders-service' })).toBe('ROLLBACK')
  expect(await refusalOf(jws, { nowUnixMs: wrong.nowUnixMs })).toBe('EXPIRED')
})

test('an issuer signs nothing that a reader would refuse', async () => {
  const codeOf = (changes: object, signer = key): Promise<unknown> =>
    signBundle({ ...claimsOf(), ...changes }, signer).then(
      () => 'signed',
      (error: { code?: string }) => error.code,
    )
  expect(await codeOf({})).toBe('signed')
  expect(await codeOf({ extra: 1 })).toBe('ERR_POLICY_BUNDLE_CLAIMS')
  expect(await codeOf({ programDigest: `sha256:${'0'.repeat(64)}` })).toBe('ERR_POLICY_BUNDLE_PROGRAM')
  expect(await codeOf({}, { ...key, thumbprint: 'x' })).toBe('ERR_POLICY_BUNDLE_KEY')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  expect(await codeOf({}, { ...key, privateKey })).toBe('ERR_POLICY_BUNDLE_KEY')
})

test('no refusal repeats what it read', async () => {
  const secret = 'sensitive-name'
  const residual = { ...program.residual, [secret]: secret }
  for (const bad of [`{"a": "${secret}"`, { ...claimsOf(), residual }]) {
    const error = await verifyBundle(await signAnything(bad), expectation()).catch((thrown: Error) => thrown)
    expect(`${(error as Error).message} ${JSON.stringify((error as { details?: unknown }).details)}`).not.toContain(
      secret,
    )
  }
})
