import { systemClock } from '@headgate/core'
import { ErrorCode, encodeSaslAuthenticateRequest, encodeSaslHandshakeRequest, Reader, Writer } from '@headgate/wire'
import { afterEach, expect, test } from 'vitest'
import type { ControlPort } from '../control-port.ts'
import type { Authenticator, SignIn } from '../identity/authenticator.ts'
import { AuthenticatorBusyError } from '../identity/identity-errors.ts'
import { Sessions } from '../identity/sessions.ts'
import { ClientSignIn } from './client-sign-in.ts'
import { SaslServer } from './sasl-server.ts'

/** Tokens of this authenticator are `session.issuedAtMs.group+group`. */
const authenticator: Authenticator = {
  verifyToken: async (token) => {
    const [sessionId = '', issuedAt = '', groups = ''] = token.split('.')
    return {
      principal: { issuer: 'corp', subject: 'orders', groups: groups.split('+') },
      ...{ sessionId, issuedAtUnixMs: Number(issuedAt), expiresAtUnixMs: Date.now() + 60_000 },
      ...{ source: 'gateway-token', minimumRevision: 0, clientId: 'orders' },
    }
  },
  verifySubjectToken: () => Promise.reject(new Error('not here')),
  signInWithClientSecret: () => Promise.reject(new Error('not here')),
}
const control: ControlPort = {
  keepsTrail: false,
  subscribe: () => () => {},
  report: () => {},
  record: async () => {},
}
const sessions = new Sessions(systemClock)
const opened: ClientSignIn[] = []
afterEach(() => {
  for (const connection of opened.splice(0)) connection.close()
})

function connect(told: SignIn[] = [], of: Authenticator = authenticator): ClientSignIn {
  const sasl = new SaslServer({
    ...{ authenticator: of, clock: systemClock, maxReauthenticationMs: 30_000, mechanisms: ['OAUTHBEARER'] },
    policyRevision: () => 7,
    mustBeBound: () => false,
  })
  const connection = new ClientSignIn({
    ...{ sasl, sessions, clock: systemClock, control },
    origin: { connectionId: 1, clientAddress: '127.0.0.1', listener: 'bootstrap' },
    certificateThumbprint: () => undefined,
    onSignedIn: (signIn) => told.push(signIn),
    onSessionEnd: () => {},
  })
  opened.push(connection)
  return connection
}

async function signIn(connection: ClientSignIn, token: string): Promise<void> {
  const header = (apiKey: number) => ({ apiKey, apiVersion: 1, correlationId: 1, clientId: 'app' })
  const body = (write: (writer: Writer) => void): Reader => {
    const writer = new Writer()
    write(writer)
    return new Reader(writer.finish())
  }
  await connection.answer(
    header(17),
    body((writer) => encodeSaslHandshakeRequest(writer, { mechanism: 'OAUTHBEARER' }, 1)),
  )
  const authBytes = Buffer.from(`n,,\x01auth=Bearer ${token}\x01\x01`)
  const answer = await connection.answer(
    header(36),
    body((writer) => encodeSaslAuthenticateRequest(writer, { authBytes }, 1)),
  )
  expect(answer.frame.readInt16BE(8)).toBe(ErrorCode.NONE)
}

const groupsOf = (connection: ClientSignIn): readonly string[] | undefined => connection.current?.principal.groups

test('a newer token of the session changes the groups of all its sockets, and the end of none [session-groups]', async () => {
  const told: SignIn[] = []
  const [first, second, other] = [connect(told), connect(), connect()]
  await signIn(first, 's.1000.a+b')
  await signIn(other, 'another.1000.a+b')
  const ends = first.current?.expiresAtUnixMs
  await signIn(second, 's.2000.a')
  expect([first, second, other].map(groupsOf)).toEqual([['a'], ['a'], ['a', 'b']])
  expect(told.map(({ principal }) => principal.groups)).toEqual([['a', 'b'], ['a']])
  expect(first.current?.expiresAtUnixMs).toBe(ends)
})

test('an older token brings back nothing, and a socket that signs in anew is told once [session-groups]', async () => {
  const told: SignIn[] = []
  const [first, second] = [connect(told), connect()]
  await signIn(first, 't.1000.a+b')
  await signIn(first, 't.3000.a')
  await signIn(second, 't.2000.a+b')
  expect([first, second].map(groupsOf)).toEqual([['a'], ['a']])
  expect(told).toHaveLength(2)
  first.close()
  await signIn(second, 't.4000.c')
  expect([first, second].map(groupsOf)).toEqual([['a'], ['c']])
})

test('where too many sign in at once the connection is closed, for a refusal would be final', async () => {
  const busy: Authenticator = { ...authenticator, verifyToken: () => Promise.reject(new AuthenticatorBusyError()) }
  await expect(signIn(connect([], busy), 'x')).rejects.toMatchObject({ code: 'ERR_GATEWAY_AUTHENTICATOR_BUSY' })
})
