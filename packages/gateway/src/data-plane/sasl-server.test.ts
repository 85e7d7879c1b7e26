import { systemClock } from '@headgate/core'
import { ErrorCode } from '@headgate/wire'
import { expect, test } from 'vitest'
import type { Authenticator, SignIn } from '../identity/authenticator.ts'
import { SaslServer } from './sasl-server.ts'

class RefusedError extends Error {
  readonly code = 'ERR_GATEWAY_TOKEN_EXPIRED'
  readonly clientText = 'the token has expired'
}

/** Tokens of this authenticator are `subject:secondsLeft:minimumRevision`; `bad` is refused, `boom` breaks. */
const authenticator: Authenticator = {
  verifyToken: async (token) => {
    if (token === 'bad') throw new RefusedError()
    if (token === 'boom') throw new TypeError('secret inside')
    return signInOf(token)
  },
  verifySubjectToken: () => Promise.reject(new Error('not here')),
  signInWithClientSecret: async (clientId) => signInOf(`${clientId}.60.0`),
}

function signInOf(token: string): SignIn {
  const [subject = '', secondsLeft = '0', minimumRevision = '0'] = token.split('.')
  return {
    principal: { issuer: 'corp', subject, groups: [] },
    clientId: subject,
    sessionId: 'session',
    issuedAtUnixMs: Date.now(),
    expiresAtUnixMs: Date.now() + Number(secondsLeft) * 1_000,
    source: 'idp-token',
    minimumRevision: Number(minimumRevision),
  }
}

function server(): SaslServer {
  return new SaslServer({
    authenticator,
    clock: systemClock,
    maxReauthenticationMs: 30_000,
    mechanisms: ['OAUTHBEARER', 'PLAIN'],
    policyRevision: () => 7,
    mustBeBound: ({ clientId }) => clientId === 'bound',
  })
}

const bearer = (token: string, authorizationId = ''): Buffer =>
  Buffer.from(`n,${authorizationId === '' ? '' : `a=${authorizationId}`},\x01auth=Bearer ${token}\x01\x01`)

async function signedIn(): Promise<SaslServer> {
  const sasl = server()
  sasl.handshake('OAUTHBEARER', 1)
  await sasl.authenticate(bearer('alice.60.0'))
  return sasl
}

test('a session lasts as long as its token, and no longer than the limit', async () => {
  const sasl = server()

  expect(sasl.handshake('OAUTHBEARER', 1)).toMatchObject({ errorCode: ErrorCode.NONE })
  const outcome = await sasl.authenticate(bearer('alice.60.0'))

  expect(outcome).toMatchObject({ accepted: true, sessionLifetimeMs: 30_000, isReauthentication: false })
})

test('K4: a refused token is answered 58 with a text in the first answer, and the conversation is over', async () => {
  const sasl = server()
  sasl.handshake('OAUTHBEARER', 1)

  expect(await sasl.authenticate(bearer('bad'))).toMatchObject({
    accepted: false,
    errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED,
    text: 'the token has expired',
  })
  expect(sasl.handshake('OAUTHBEARER', 1)).toMatchObject({ errorCode: ErrorCode.ILLEGAL_SASL_STATE, closes: true })
})

test('K4: an unexpected failure is a refusal that tells nothing of its cause', async () => {
  const sasl = server()
  sasl.handshake('OAUTHBEARER', 1)

  const outcome = await sasl.authenticate(bearer('boom'))

  expect(outcome).toMatchObject({
    accepted: false,
    errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED,
    code: 'ERR_GATEWAY_UNEXPECTED',
  })
  expect(JSON.stringify(outcome)).not.toContain('secret inside')
})

test('a mechanism that is not offered is 33, and as in Kafka ends the connection', () => {
  const sasl = server()

  expect(sasl.handshake('SCRAM-SHA-512', 1)).toMatchObject({
    errorCode: ErrorCode.UNSUPPORTED_SASL_MECHANISM,
    closes: true,
  })
  expect(sasl.handshake('PLAIN', 1)).toMatchObject({ errorCode: ErrorCode.ILLEGAL_SASL_STATE, closes: true })
})

test('a handshake inside an unfinished exchange is 34', () => {
  const sasl = server()
  sasl.handshake('OAUTHBEARER', 1)

  expect(sasl.handshake('OAUTHBEARER', 1)).toMatchObject({ errorCode: ErrorCode.ILLEGAL_SASL_STATE, closes: true })
})

test('K1: a handshake on a signed-in connection starts re-authentication, with the same mechanism only', async () => {
  const sasl = await signedIn()
  expect(sasl.handshake('OAUTHBEARER', 1)).toMatchObject({ errorCode: ErrorCode.NONE })
  expect(await sasl.authenticate(bearer('alice.20.0'))).toMatchObject({ accepted: true, isReauthentication: true })

  expect((await signedIn()).handshake('PLAIN', 1)).toMatchObject({
    errorCode: ErrorCode.ILLEGAL_SASL_STATE,
    closes: true,
  })
})

test('K1: the principal cannot change by re-authentication', async () => {
  const sasl = await signedIn()
  sasl.handshake('OAUTHBEARER', 1)

  expect(await sasl.authenticate(bearer('mallory.60.0'))).toMatchObject({
    accepted: false,
    code: 'ERR_GATEWAY_SIGN_IN_MISMATCH',
  })
})

test.each([
  ['K2: an authorization id that is not the subject', bearer('alice.60.0', 'root'), 'ERR_GATEWAY_SIGN_IN_MISMATCH'],
  ['a token issued under a later policy', bearer('alice.60.8'), 'ERR_GATEWAY_SIGN_IN_MISMATCH'],
  ['K1: a token that has just expired', bearer('alice.0.0'), 'ERR_GATEWAY_TOKEN_EXPIRED'],
  ['K3: a bearer token of a client whose tokens must be bound', bearer('bound.60.0'), 'ERR_GATEWAY_TOKEN_CERTIFICATE'],
  ['K4: a malformed message', Buffer.from('hello'), 'ERR_GATEWAY_CLIENT_PROTOCOL'],
])('%s is refused', async (_, message, code) => {
  const sasl = server()
  sasl.handshake('OAUTHBEARER', 1)

  expect(await sasl.authenticate(message)).toMatchObject({
    accepted: false,
    errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED,
    code,
  })
})

test('authentication before a handshake is 34', async () => {
  expect(await server().authenticate(bearer('alice.60.0'))).toMatchObject({
    accepted: false,
    errorCode: ErrorCode.ILLEGAL_SASL_STATE,
  })
})
