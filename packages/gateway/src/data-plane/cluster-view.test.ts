import { once } from 'node:events'
import { createServer } from 'node:net'
import { type Clock, silentLog, systemClock } from '@headgate/core'
import {
  decodeRequestHeader,
  defaultApiVersionsResponse,
  defaultMetadataResponse,
  encodeApiVersionsResponse,
  encodeMetadataResponse,
  encodeResponseFrame,
  FrameReader,
} from '@headgate/wire'
import { expect, onTestFinished, test } from 'vitest'
import { ClusterView } from './cluster-view.ts'
import { UpstreamUnreachableError } from './errors.ts'
import { ReadBufferPool } from './read-buffers.ts'
import { UpstreamLinks } from './upstream-link.ts'

/** A broker that answers until it is told to stop. */
async function startBroker(): Promise<{ port: number; stop: () => void }> {
  let isStopped = false
  const server = createServer((socket) => {
    const frames = new FrameReader()
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      for (const frame of frames.push(chunk)) if (!isStopped) socket.write(answerTo(frame))
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  return { port, stop: () => (isStopped = true) }
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

test('a look-up ends when the broker does not answer', async () => {
  const { port, stop } = await startBroker()
  // Ten seconds are over at once, as soon as the broker has stopped.
  let isHurried = false
  const clock: Clock = { ...systemClock, after: (ms, fire) => systemClock.after(isHurried ? 0 : ms, fire) }
  const config = { name: 'test', bootstrap: [{ host: '127.0.0.1', port }], tls: undefined, sasl: undefined }
  const links = new UpstreamLinks(null, 1_000_000, new ReadBufferPool(), clock)
  const view = new ClusterView({ ...config, credentials: [] }, links, silentLog, clock)
  onTestFinished(() => view.close())
  await view.start()

  stop()
  isHurried = true

  await expect(view.resolveTopicIds(['AAAAAAAAAAAAAAAAAAAAAQ'])).rejects.toThrow(UpstreamUnreachableError)
})
