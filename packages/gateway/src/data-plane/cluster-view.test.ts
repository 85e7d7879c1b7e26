import { once } from 'node:events'
import { createServer } from 'node:net'
import { type Clock, silentLog, systemClock } from '@headgate/core'
import {
  decodeMetadataRequest,
  decodeRequestHeader,
  defaultApiVersionsResponse,
  defaultMetadataResponse,
  encodeApiVersionsResponse,
  encodeMetadataResponse,
  encodeResponseFrame,
  FrameReader,
  Reader,
} from '@headgate/wire'
import { expect, onTestFinished, test } from 'vitest'
import { uuidOf } from './apis/message-fixture.ts'
import { ClusterView } from './cluster-view.ts'
import { UpstreamUnreachableError } from './errors.ts'
import { ReadBufferPool } from './read-buffers.ts'
import { UpstreamLinks } from './upstream-link.ts'

/** A broker that answers until it is told to stop. */
async function startBroker(): Promise<{ port: number; stop: () => void; asked: number[] }> {
  let isStopped = false
  const asked: number[] = []
  const server = createServer((socket) => {
    const frames = new FrameReader()
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      for (const frame of frames.push(chunk)) {
        asked.push(topicsIn(frame))
        if (!isStopped) socket.write(answerTo(frame))
      }
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  return { port, stop: () => (isStopped = true), asked }
}

/** How many topics a frame asks for. */
function topicsIn(frame: Buffer): number {
  const { apiKey, apiVersion, bodyOffset } = decodeRequestHeader(frame)
  return apiKey === 3 ? (decodeMetadataRequest(new Reader(frame, bodyOffset), apiVersion).topics?.length ?? 0) : 0
}

function answerTo(frame: Buffer): Buffer {
  const { apiKey, apiVersion, correlationId } = decodeRequestHeader(frame)
  const versions = { ...defaultApiVersionsResponse(), apiKeys: [{ apiKey: 3, minVersion: 0, maxVersion: 13 }] }
  return encodeResponseFrame(apiKey, apiVersion, correlationId, (writer) =>
    apiKey === 18
      ? encodeApiVersionsResponse(writer, versions, apiVersion)
      : encodeMetadataResponse(writer, defaultMetadataResponse(), apiVersion),
  )
}

function viewOf(port: number, clock: Clock = systemClock): ClusterView {
  const config = { name: 'test', bootstrap: [{ host: '127.0.0.1', port }], tls: undefined, sasl: undefined }
  const links = new UpstreamLinks(null, 1_000_000, new ReadBufferPool(), clock)
  return new ClusterView({ ...config, credentials: [] }, links, silentLog, clock)
}

test('one look-up is for a bounded number of ids, however many a client makes up', async () => {
  const { port, asked } = await startBroker()
  const view = viewOf(port)
  onTestFinished(() => view.close())
  await view.start()

  await view.resolveTopicIds(Array.from({ length: 200_000 }, (_, n) => uuidOf(n + 1)))
  expect(asked.at(-1)).toBe(1_000)
})

test('a look-up ends when the broker does not answer', async () => {
  const { port, stop } = await startBroker()
  // Ten seconds are over at once, as soon as the broker has stopped.
  let isHurried = false
  const clock: Clock = { ...systemClock, after: (ms, fire) => systemClock.after(isHurried ? 0 : ms, fire) }
  const view = viewOf(port, clock)
  onTestFinished(() => view.close())
  await view.start()

  stop()
  isHurried = true

  await expect(view.resolveTopicIds(['AAAAAAAAAAAAAAAAAAAAAQ'])).rejects.toThrow(UpstreamUnreachableError)
})
