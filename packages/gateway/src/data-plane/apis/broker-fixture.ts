// For tests: a server that speaks as much Kafka as the cluster view asks for.
import { once } from 'node:events'
import { createServer } from 'node:net'
import {
  apiMessage,
  decodeRequestHeader,
  defaultApiVersionsResponse,
  defaultMetadataResponse,
  defaultMetadataResponseBroker,
  defaultMetadataResponseTopic,
  ErrorCode,
  encodeResponseFrame,
  FrameReader,
  type MetadataRequest,
  type MetadataResponse,
  Reader,
} from '@headgate/wire'

/** A running stub. */
export interface BrokerStub extends AsyncDisposable {
  readonly address: { readonly host: string; readonly port: number }
}

/** Starts a broker that knows these topics, by id. */
export async function startBrokerStub(nameById: ReadonlyMap<string, string>): Promise<BrokerStub> {
  const server = createServer((socket) => {
    const frames = new FrameReader()
    socket.on('data', (chunk) => {
      for (const frame of frames.push(chunk)) socket.write(stubAnswer(frame, nameById, server.address()))
    })
    socket.on('error', () => socket.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as { port: number }
  return {
    address: { host: '127.0.0.1', port },
    [Symbol.asyncDispose]: async () => {
      server.close()
    },
  }
}

function stubAnswer(frame: Buffer, nameById: ReadonlyMap<string, string>, address: unknown): Buffer {
  const header = decodeRequestHeader(frame)
  const message = apiMessage(header.apiKey)
  const body = message.decodeRequest(new Reader(frame, header.bodyOffset), header.apiVersion)
  const { port } = address as { port: number }
  const response = header.apiKey === 3 ? stubMetadata(body as MetadataRequest, nameById, port) : stubVersions()
  return encodeResponseFrame(header.apiKey, header.apiVersion, header.correlationId, (writer) =>
    message.encodeResponse(writer, response, header.apiVersion),
  )
}

function stubMetadata(request: MetadataRequest, nameById: ReadonlyMap<string, string>, port: number): MetadataResponse {
  const topics = (request.topics ?? []).map(({ topicId }) => {
    const name = nameById.get(topicId) ?? null
    const errorCode = name === null ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.NONE
    return { ...defaultMetadataResponseTopic(), topicId, name, errorCode }
  })
  const brokers = [{ ...defaultMetadataResponseBroker(), nodeId: 0, host: '127.0.0.1', port }]
  return { ...defaultMetadataResponse(), brokers, topics }
}

function stubVersions(): object {
  const apiKeys = [
    { apiKey: 3, minVersion: 0, maxVersion: 13 },
    { apiKey: 18, minVersion: 0, maxVersion: 4 },
  ]
  return { ...defaultApiVersionsResponse(), apiKeys }
}
