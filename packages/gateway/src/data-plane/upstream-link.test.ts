import { once } from 'node:events'
import { createServer } from 'node:net'
import { Secret } from '@headgate/core'
import {
  apiMessage,
  decodeRequestHeader,
  defaultMetadataRequest,
  encodeResponseFrame,
  FrameReader,
  type MetadataResponse,
} from '@headgate/wire'
import { expect, onTestFinished, test, vi } from 'vitest'
import { TestClock } from '../identity/token-fixture.ts'
import { ReadBufferPool } from './read-buffers.ts'
import { type CredentialSource, type UpstreamLink, UpstreamLinks } from './upstream-link.ts'

const HANDSHAKE = 17
const AUTHENTICATE = 36
const METADATA = 3
const SESSION_LIFETIME_MS = 10_000
const CREDENTIAL = { mechanism: 'PLAIN' as const, username: 'gateway', password: new Secret('pencil') }
const OWN_REQUEST = { apiKey: METADATA, apiVersion: 9, clientId: 'test', body: defaultMetadataRequest() }

interface TestBroker {
  readonly port: number
  /** The APIs asked so far. */
  readonly asked: readonly number[]
  /** The passwords shown so far. */
  readonly passwords: readonly string[]
  /** The error code of every later answer to a credential. */
  refuseWith: number
}

/** A broker that signs anybody in, until it is told not to. */
async function startBroker(): Promise<TestBroker> {
  const asked: number[] = []
  const passwords: string[] = []
  const listener = createServer((socket) => {
    const frames = new FrameReader()
    socket.on('data', (chunk) => {
      for (const frame of frames.push(chunk)) {
        const { apiKey, apiVersion, correlationId } = decodeRequestHeader(frame)
        asked.push(apiKey)
        const { defaultResponse, encodeResponse } = apiMessage(apiKey)
        const isCredential = apiKey === AUTHENTICATE
        if (isCredential) passwords.push(frame.subarray(frame.lastIndexOf(0) + 1).toString())
        const answer = isCredential
          ? { errorCode: broker.refuseWith, sessionLifetimeMs: BigInt(SESSION_LIFETIME_MS) }
          : {}
        socket.write(
          encodeResponseFrame(apiKey, apiVersion, correlationId, (writer) =>
            encodeResponse(writer, { ...defaultResponse(), ...answer }, apiVersion),
          ),
        )
      }
    })
  })
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    listener.close()
  })
  const broker = { port: (listener.address() as { port: number }).port, asked, passwords, refuseWith: 0 }
  return broker
}

async function signedIn(
  broker: TestBroker,
  credential: CredentialSource = () => CREDENTIAL,
): Promise<{ link: UpstreamLink; clock: TestClock; onClosed: Closed }> {
  const clock = new TestClock()
  const onClosed: Closed = vi.fn()
  const links = new UpstreamLinks(null, 1_000_000, new ReadBufferPool(), clock)
  const listener = { onClosed, onDelivered: () => {}, onDrain: () => {} }
  const link = links.begin({ host: '127.0.0.1', port: broker.port }, credential, 'test', listener)
  onTestFinished(() => link.close())
  await link.ready()
  return { link, clock, onClosed }
}

type Closed = ReturnType<typeof vi.fn<(cause: Error | null) => void>>

test('a session is renewed before it ends, again and again, and requests made meanwhile follow the sign-in', async () => {
  const broker = await startBroker()
  const { link, clock, onClosed } = await signedIn(broker)

  for (const round of [2, 3]) {
    clock.advance(SESSION_LIFETIME_MS * 0.9)
    await link.request<MetadataResponse>(OWN_REQUEST)
    expect(broker.asked).toEqual(
      [...Array(round).keys()].flatMap((sign) => [HANDSHAKE, AUTHENTICATE, ...(sign > 0 ? [METADATA] : [])]),
    )
  }
  expect(onClosed).not.toHaveBeenCalled()
})

test('a session is renewed with the password that is there then', async () => {
  const broker = await startBroker()
  let password = new Secret('pencil')
  const { link, clock, onClosed } = await signedIn(broker, () => ({ ...CREDENTIAL, password }))
  password = new Secret('eraser')
  clock.advance(SESSION_LIFETIME_MS * 0.9)
  await link.request<MetadataResponse>(OWN_REQUEST)
  expect(broker.passwords).toEqual(['pencil', 'eraser'])
  expect(onClosed).not.toHaveBeenCalled()
})

test('a session that is young is not renewed', async () => {
  const broker = await startBroker()
  const { link, clock } = await signedIn(broker)

  clock.advance(SESSION_LIFETIME_MS * 0.5)
  await link.request<MetadataResponse>(OWN_REQUEST)

  expect(broker.asked).toEqual([HANDSHAKE, AUTHENTICATE, METADATA])
})

test('a renewal that the broker refuses ends the connection, and what waits for it fails', async () => {
  const broker = await startBroker()
  const { link, clock, onClosed } = await signedIn(broker)

  broker.refuseWith = 58
  clock.advance(SESSION_LIFETIME_MS)
  const code = 'ERR_GATEWAY_UPSTREAM_SIGN_IN'

  await expect(link.request<MetadataResponse>(OWN_REQUEST)).rejects.toMatchObject({ code })
  expect(onClosed).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code, details: { errorCode: 58 } }))
  expect(link.isClosed).toBe(true)
})

test('a connection that has ended leaves no timer behind', async () => {
  const broker = await startBroker()
  const closed = await signedIn(broker)
  const aborted = await signedIn(broker)

  expect([closed.clock.timers, aborted.clock.timers]).toEqual([1, 1])
  closed.link.close()
  aborted.link.upstream.abort(new Error('for a test'))

  expect([closed.clock.timers, aborted.clock.timers]).toEqual([0, 0])
})
