import { defaultSaslAuthenticateResponse, defaultSaslHandshakeResponse, ErrorCode } from '@headgate/wire'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Authenticator, SignIn } from '../identity/authenticator.ts'
import { AuthenticatorBusyError } from '../identity/identity-errors.ts'
import { TestClock } from '../identity/token-fixture.ts'
import { type BrokerSasl, beginBrokerExchange, type SaslMechanism } from './broker-sasl.ts'
import { SaslServer } from './sasl-server.ts'

const NONCE = 'r=fyko+d2lbbFgONRv9qkxdawL'
const token = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`
const bearer = (value: string): Buffer => Buffer.from(`n,,\x01auth=Bearer ${value}\x01\x01`)

/** What a broker was told, and what it answers. */
interface Script {
  isOffered: boolean
  takesPlain: boolean
  handshakeCode: number
  answers: { readonly errorCode?: number; readonly authBytes?: string; readonly sessionLifetimeMs?: bigint }[]
  readonly heard: string[]
}

let script: Script
let brokers: BrokerSasl

beforeEach(() => {
  script = { isOffered: true, takesPlain: true, handshakeCode: 0, answers: [], heard: [] }
  brokers = {
    isOffered: () => script.isOffered,
    get takesPlain() {
      return script.takesPlain
    },
    isForGateway: ({ iss }) => iss === 'https://idp.example',
    handshake: async (mechanism) => {
      script.heard.push(mechanism)
      return { ...defaultSaslHandshakeResponse(), errorCode: script.handshakeCode }
    },
    authenticate: async (bytes) => {
      script.heard.push(bytes.toString())
      const { authBytes = '', ...answer } = script.answers.shift() ?? { errorCode: 58 }
      return { ...defaultSaslAuthenticateResponse(), authBytes: Buffer.from(authBytes), ...answer }
    },
    signIn: (subject, lifetimeMs) => signedIn(subject, lifetimeMs),
    close: () => {},
  }
})

function signedIn(subject: string, lifetimeMs: number, source: SignIn['source'] = 'brokers'): SignIn {
  const principal = { issuer: source === 'brokers' ? 'brokers:main' : 'corp', subject, groups: undefined }
  const times = { issuedAtUnixMs: 0, expiresAtUnixMs: lifetimeMs === 0 ? Number.POSITIVE_INFINITY : lifetimeMs }
  return { principal, sessionId: 's', ...times, source, minimumRevision: 0, clientId: undefined }
}

function server(): SaslServer {
  const own = async (): Promise<SignIn> => signedIn('svc', 9_000_000_000_000, 'idp-token')
  const authenticator: Authenticator = { verifyToken: own, signInWithClientSecret: own } as unknown as Authenticator
  return new SaslServer({
    authenticator,
    clock: new TestClock(1_000),
    mechanisms: ['OAUTHBEARER', 'PLAIN'],
    maxReauthenticationMs: 3_600_000,
    policyRevision: () => 1,
    mustBeBound: () => false,
    brokers,
  })
}

describe('whose sign-in it is', () => {
  const subjectOf = (mechanism: SaslMechanism, text: string | Buffer): unknown => {
    const exchange = beginBrokerExchange(mechanism, Buffer.from(text as string), brokers)
    return exchange === null || exchange === undefined ? exchange : exchange.subject
  }

  it.each([
    ['SCRAM-SHA-512', `n,,n=alice,${NONCE}`, 'alice'],
    ['SCRAM-SHA-256', `n,a=alice,n=alice,${NONCE}`, 'alice'],
    ['SCRAM-SHA-256', `n,,n=a=2Cb=3Dc,${NONCE}`, 'a,b=c'],
    ['SCRAM-SHA-256', `n,,n=a=3D2C,${NONCE}`, 'a=2C'],
    ['PLAIN', '\0carl\0secret', 'carl'],
    ['PLAIN', 'carl\0carl\0secret', 'carl'],
    ['OAUTHBEARER', bearer(token({ sub: 'otto' })).toString(), 'otto'],
    ['OAUTHBEARER', bearer(token({ sub: 'otto', iss: 'https://other.example' })).toString(), 'otto'],
  ] as const)('%s %j: %s', (mechanism, text, subject) => {
    expect(subjectOf(mechanism, text)).toBe(subject)
  })

  it.each([
    ['somebody else than it is for', `n,a=bob,n=alice,${NONCE}`],
    ['a delegation token, whose owner is another', `n,,n=tokenid,${NONCE},tokenauth=true`],
    ['channel binding', `y,,n=alice,${NONCE}`],
    ['two names', `n,,n=alice,n=bob,${NONCE}`],
    ['no name', `n,,n=,${NONCE}`],
    ['an escape that is none', `n,,n=a=2cb,${NONCE}`],
    ['a mandatory extension', `n,,m=x,n=alice,${NONCE}`],
    ['nothing', ''],
  ])('a SCRAM message with %s is refused', (_what, text) => {
    expect(subjectOf('SCRAM-SHA-512', text)).toBeNull()
  })

  it('bytes that are no UTF-8 name nobody', () => {
    const bytes = Buffer.concat([Buffer.from('\0al'), Buffer.from([0xff]), Buffer.from('\0secret')])
    expect(beginBrokerExchange('PLAIN', bytes, brokers)).toBeNull()
    expect(subjectOf('OAUTHBEARER', bearer('opaque'))).toBeNull()
    expect(subjectOf('OAUTHBEARER', bearer(token({ iss: 'https://other.example' })))).toBeNull()
  })

  it('what is for the gateway is not shown to a broker', () => {
    expect(subjectOf('OAUTHBEARER', bearer(token({ sub: 'otto', iss: 'https://idp.example' })))).toBeUndefined()
    expect(subjectOf('PLAIN', `\0token\0${token({ sub: 'x' })}`)).toBeUndefined()
    script.takesPlain = false
    expect(subjectOf('PLAIN', '\0client\0secret')).toBeUndefined()
  })
})

describe('a sign-in that is handed on', () => {
  const FIRST = `n,,n=alice,${NONCE}`
  const scram = (): void => {
    script.answers = [{ authBytes: 'r=x,s=y,i=4096' }, { authBytes: 'v=proof', sessionLifetimeMs: 5_000n }]
  }

  it('goes through message by message, and gives the name that the broker accepted', async () => {
    const sasl = server()
    scram()
    expect(sasl.mechanisms).toEqual(['OAUTHBEARER', 'PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])
    expect(sasl.handshake('SCRAM-SHA-512', 1).errorCode).toBe(0)
    expect(await sasl.authenticate(Buffer.from(FIRST))).toMatchObject({ accepted: 'not-yet' })
    expect(await sasl.authenticate(Buffer.from('c=biws,r=x,p=z'))).toMatchObject({
      accepted: true,
      signIn: { principal: { issuer: 'brokers:main', subject: 'alice' }, source: 'brokers' },
      sessionLifetimeMs: 5_000,
      authBytes: Buffer.from('v=proof'),
    })
    expect(script.heard).toEqual(['SCRAM-SHA-512', FIRST, 'c=biws,r=x,p=z'])
  })

  it('is done again on the connection by the same name only', async () => {
    const sasl = server()
    scram()
    sasl.handshake('SCRAM-SHA-512', 1)
    await sasl.authenticate(Buffer.from(FIRST))
    await sasl.authenticate(Buffer.from('c=biws'))
    scram()
    expect(sasl.handshake('SCRAM-SHA-512', 1).errorCode).toBe(0)
    expect(await sasl.authenticate(Buffer.from(FIRST))).toMatchObject({ accepted: 'not-yet', isReauthentication: true })
    expect(await sasl.authenticate(Buffer.from('c=biws'))).toMatchObject({ accepted: true, isReauthentication: true })
    sasl.handshake('SCRAM-SHA-512', 1)
    const heard = script.heard.length
    const other = await sasl.authenticate(Buffer.from(`n,,n=mallory,${NONCE}`))
    expect(other).toMatchObject({ accepted: false, code: 'ERR_GATEWAY_SIGN_IN_MISMATCH' })
    expect(script.heard).toHaveLength(heard)
  })

  it('never reaches a broker connection that the gateway has signed in', async () => {
    const sasl = server()
    sasl.handshake('OAUTHBEARER', 1)
    const own = bearer(token({ sub: 'svc', iss: 'https://idp.example' }))
    expect(await sasl.authenticate(own)).toMatchObject({ accepted: true, signIn: { source: 'idp-token' } })
    sasl.handshake('OAUTHBEARER', 1)
    expect(await sasl.authenticate(bearer(token({ sub: 'svc' })))).toMatchObject({
      accepted: false,
      code: 'ERR_GATEWAY_SIGN_IN_MISMATCH',
    })
    expect(script.heard).toEqual([])
  })

  it.each<readonly [string, Partial<Script>]>([
    ['the broker refuses the credential', { answers: [{ errorCode: 58 }] }],
    ['the broker does not offer the mechanism', { handshakeCode: ErrorCode.UNSUPPORTED_SASL_MECHANISM }],
    ['the broker goes on for ever', { answers: Array.from({ length: 9 }, () => ({ authBytes: 'r=again' })) }],
  ])('is refused when %s', async (_what, change) => {
    Object.assign(script, change)
    const sasl = server()
    sasl.handshake('SCRAM-SHA-512', 1)
    let outcome = await sasl.authenticate(Buffer.from(FIRST))
    for (let round = 0; outcome.accepted === 'not-yet' && round < 9; round += 1)
      outcome = await sasl.authenticate(Buffer.from('c=biws'))
    expect(outcome).toMatchObject({ accepted: false, errorCode: 58, code: 'ERR_GATEWAY_BROKERS_REFUSED' })
    expect(await sasl.authenticate(Buffer.from(FIRST))).toMatchObject({ accepted: false, errorCode: 34 })
  })

  it('without the proof of the broker there is no sign-in, whatever it answers', async () => {
    script.answers = [{ authBytes: 'v=early' }, { authBytes: 'e=other-error' }, { errorCode: 58 }]
    const sasl = server()
    sasl.handshake('SCRAM-SHA-256', 1)
    expect(await sasl.authenticate(Buffer.from(FIRST))).toMatchObject({ accepted: 'not-yet' })
    expect(await sasl.authenticate(Buffer.from('c=biws'))).toMatchObject({ accepted: 'not-yet' })
    expect(await sasl.authenticate(Buffer.from('c=biws'))).toMatchObject({ accepted: false })
  })

  it('a token is accepted once the broker says nothing against it', async () => {
    script.answers = [{ authBytes: '{"status":"invalid_token"}' }, { errorCode: 58 }]
    const sasl = server()
    sasl.handshake('OAUTHBEARER', 1)
    expect(await sasl.authenticate(bearer(token({ sub: 'otto' })))).toMatchObject({ accepted: 'not-yet' })
    expect(await sasl.authenticate(Buffer.from('\x01'))).toMatchObject({ accepted: false })
    script.answers = [{ sessionLifetimeMs: 0n }]
    const other = server()
    other.handshake('OAUTHBEARER', 1)
    expect(await other.authenticate(bearer(token({ sub: 'otto' })))).toMatchObject({
      accepted: true,
      sessionLifetimeMs: 0,
      signIn: { principal: { subject: 'otto' } },
    })
  })

  it('where there is no room is to be tried again, which a refusal would not be', async () => {
    brokers = { ...brokers, handshake: () => Promise.reject(new AuthenticatorBusyError()) }
    const sasl = server()
    sasl.handshake('PLAIN', 1)
    const outcome = await sasl.authenticate(Buffer.from('\0carl\0secret'))
    expect(outcome).toMatchObject({ accepted: false, code: 'ERR_GATEWAY_AUTHENTICATOR_BUSY' })
    expect(script.heard).toEqual([])
  })

  it('is not offered where nothing is observed', async () => {
    script.isOffered = false
    const sasl = server()
    expect(sasl.mechanisms).toEqual(['OAUTHBEARER', 'PLAIN'])
    expect(sasl.handshake('SCRAM-SHA-512', 1)).toMatchObject({ errorCode: 33, closes: true })
    const plain = server()
    plain.handshake('PLAIN', 1)
    expect(await plain.authenticate(Buffer.from('\0carl\0secret'))).toMatchObject({ signIn: { source: 'idp-token' } })
    expect(script.heard).toEqual([])
  })
})
