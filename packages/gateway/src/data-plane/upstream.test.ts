import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { defaultMetadataRequest, encodeMetadataRequest, encodeRequestFrame } from '@headgate/wire'
import { expect, onTestFinished, test } from 'vitest'
import { UpstreamUnreachableError } from './errors.ts'
import { ReadBufferPool } from './read-buffers.ts'
import { Upstream } from './upstream.ts'
import { requestUpstream } from './upstream-request.ts'

/** An open connection to a server that answers nothing, and what the server has read. */
async function connect(): Promise<{ upstream: Upstream; server: Socket; received: () => string }> {
  const listener = createServer()
  await once(listener.listen(0, '127.0.0.1'), 'listening')
  const { port } = listener.address() as { port: number }
  const upstream = new Upstream({
    address: { host: '127.0.0.1', port },
    tls: null,
    pool: new ReadBufferPool(),
    connectTimeoutMs: 5_000,
    maxFrameBytes: 1_000_000,
    onClosed: () => {},
    onDelivered: () => {},
    onDrain: () => {},
  })
  const [server] = (await once(listener, 'connection')) as [Socket]
  const chunks: Buffer[] = []
  server.on('data', (chunk: Buffer) => chunks.push(chunk))
  onTestFinished(() => {
    upstream.close()
    listener.close()
  })
  upstream.open()
  return { upstream, server, received: () => Buffer.concat(chunks).toString('latin1') }
}

const frameOf = (clientId: string): Buffer =>
  encodeRequestFrame({ apiKey: 3, apiVersion: 9, correlationId: 1, clientId }, (writer) =>
    encodeMetadataRequest(writer, defaultMetadataRequest(), 9),
  )
const ownRequest = { apiKey: 3, apiVersion: 9, clientId: 'own-request', body: defaultMetadataRequest() }
const unanswered = { correlationId: 1, mode: () => 'discard' as const, whole: () => undefined, pass: () => {} }

test('a request of the gateway waits for the end of a frame that comes in pieces', async () => {
  const { upstream, received } = await connect()
  const [first, second] = [frameOf('first'), frameOf('second')]

  upstream.write(first.subarray(0, 10))
  requestUpstream(upstream, ownRequest).catch(() => {})
  upstream.write(first.subarray(10, 20))
  upstream.write(Buffer.concat([first.subarray(20), second.subarray(0, 5)]))
  upstream.write(second.subarray(5))
  upstream.write(frameOf('third'))

  await expect.poll(received).toContain('third')
  expect(received().match(/first|second|third|own-request/g)).toEqual(['first', 'second', 'own-request', 'third'])
})

test('a new sign-in waits for the end of a frame that comes in pieces, and what follows waits for the sign-in', async () => {
  const { upstream, received } = await connect()
  const first = frameOf('first')
  let isHeld = false

  upstream.write(first.subarray(0, 10))
  upstream.hold(() => {
    isHeld = true
    upstream.sendDirect(frameOf('sign-in'), { ...unanswered, replace: () => {}, lost: () => {} })
  })
  expect(isHeld).toBe(false)
  upstream.write(first.subarray(10))
  expect(isHeld).toBe(true)
  upstream.write(frameOf('second'))
  upstream.open()

  await expect.poll(received).toContain('second')
  expect(received().match(/first|second|sign-in/g)).toEqual(['first', 'sign-in', 'second'])
})

test('a request on a connection that has ended, or that waits for a frame that never ends, fails', async () => {
  const { upstream, server } = await connect()

  upstream.write(frameOf('first').subarray(0, 10))
  const waiting = requestUpstream(upstream, ownRequest)
  server.destroy()

  await expect(waiting).rejects.toThrow(UpstreamUnreachableError)
  await expect(requestUpstream(upstream, ownRequest)).rejects.toThrow(UpstreamUnreachableError)
  await expect(requestUpstream(upstream, ownRequest, true)).rejects.toThrow(UpstreamUnreachableError)
})
