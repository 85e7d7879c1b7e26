import { beforeEach, expect, test } from 'vitest'
import { type AuthenticationProviderArgs, KafkaJSConnectionError, KafkaJSProtocolError } from '#kafkajs'
import { findCause } from '../access/find-cause.ts'
import {
  HeadgateIdentityRefusedError,
  HeadgateIdentityUnavailableError,
  HeadgateSignInRefusedError,
} from '../errors.ts'
import { createSignIn, type SignInSession } from './sign-in.ts'

const refusal = (): Error =>
  new KafkaJSProtocolError({
    type: 'SASL_AUTHENTICATION_FAILED',
    code: 58,
    message: 'its session was revoked',
  } as never)

let tokens: number
let isForgotten: boolean
let sent: string[]
let logged: string[]
let outcome: () => void
let session: SignInSession

beforeEach(() => {
  ;[tokens, isForgotten, sent, logged] = [1, false, [], []]
  outcome = () => {}
  session = {
    token: async () => {
      if (isForgotten) tokens += 1
      isForgotten = false
      return `token-${tokens}`
    },
    forgetToken: () => {
      isForgotten = true
    },
  }
})

/** Two connections of one client. */
function connect(): (() => Promise<void>)[] {
  const provider = createSignIn(session)
  const logger = { error: (text: string) => void logged.push(text) }
  const args = {
    ...{ host: 'gw', port: 9092, logger },
    saslAuthenticate: async ({ request }: { request: { encode(): Buffer } }) => {
      sent.push(request.encode().subarray(4).toString())
      outcome()
    },
  }
  const create = (): (() => Promise<void>) => {
    const { authenticate } = provider(args as unknown as AuthenticationProviderArgs)
    return () => Promise.resolve(authenticate())
  }
  return [create(), create()]
}
const failureOf = (promise: Promise<void>): Promise<Error & Record<string, unknown>> =>
  promise.then(
    () => Promise.reject(new Error('it was taken')),
    (error: Error & Record<string, unknown>) => error,
  )

/** What kafkajs looks at to close the connection and make another one. */
const CLOSED = { name: 'KafkaJSConnectionClosedError', type: 'ILLEGAL_SASL_STATE' }

test('K2: the token is sent with no authorization id and no extension', async () => {
  const [one] = connect()
  await one?.()
  expect(sent).toEqual(['n,,\x01auth=Bearer token-1\x01\x01'])
})

test('a refused token is replaced: the connection is made anew, and a second refusal in a row is final', async () => {
  const [one, two] = connect() as [() => Promise<void>, () => Promise<void>]
  outcome = () => {
    throw refusal()
  }
  const first = await Promise.all([failureOf(one()), failureOf(two())])
  for (const failure of first) {
    expect(failure).toMatchObject({ ...CLOSED, retriable: true })
    expect(findCause(failure, (cause) => cause instanceof HeadgateSignInRefusedError)).toBeDefined()
  }
  const last = await failureOf(one())
  expect(last).toMatchObject({ name: 'KafkaJSSASLAuthenticationError', retriable: false })
  expect(last.message).toContain('its session was revoked')
  expect(sent.at(-1)).toContain('token-2')
})

test('a token that is refused because its connection has shown the certificate before stays, for the next connection', async () => {
  session = { ...session, hasNewCertificate: true }
  const [one] = connect() as [() => Promise<void>]
  outcome = () => {
    throw refusal()
  }
  for (let round = 0; round < 3; round += 1)
    expect(await failureOf(one())).toMatchObject({ ...CLOSED, retriable: true })
  expect(new Set(sent).size).toBe(1)
})

test('a sign-in that succeeds is where counting begins again', async () => {
  const [one] = connect() as [() => Promise<void>]
  for (let round = 0; round < 3; round += 1) {
    outcome = () => {
      throw refusal()
    }
    expect(await failureOf(one())).toMatchObject({ ...CLOSED, retriable: true })
    outcome = () => {}
    await one()
  }
  expect(tokens).toBe(4)
})

test('K4: neither error nor log repeats a token', async () => {
  const [one] = connect() as [() => Promise<void>]
  outcome = () => {
    throw refusal()
  }
  for (let round = 0; round < 2; round += 1) {
    const failure = await failureOf(one())
    expect(`${failure.stack} ${JSON.stringify(failure)}`).not.toContain('token-')
  }
  expect(logged.join()).not.toContain('token-')
})

test('a connection that is lost in the middle of a sign-in is that, and nothing is forgotten', async () => {
  const [one] = connect() as [() => Promise<void>]
  const lost = new KafkaJSConnectionError('closed')
  outcome = () => {
    throw lost
  }
  expect(await failureOf(one())).toBe(lost)
  expect(isForgotten).toBe(false)
})

test.each([
  ['may be had later', new HeadgateIdentityUnavailableError({ message: 'no answer' }), true],
  ['is refused for good', new HeadgateIdentityRefusedError({ message: 'no' }), false],
])('a token that %s closes the connection, and says so', async (_, cause, retriable) => {
  session = { ...session, token: () => Promise.reject(cause) }
  const [one] = connect() as [() => Promise<void>]
  expect(await failureOf(one())).toMatchObject({ ...CLOSED, retriable, cause, message: cause.message })
  expect(sent).toEqual([])
})
