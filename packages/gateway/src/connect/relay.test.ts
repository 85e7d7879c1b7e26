import { once } from 'node:events'
import { createServer, type Socket, connect as tcp } from 'node:net'
import { HeadgateError, type LogFields, type LogPort, Secret } from '@headgate/core'
import {
  apiMessage,
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestFrame,
  encodeResponseFrame,
  FrameReader,
  type MetadataResponse,
  Reader,
  type SaslAuthenticateRequest,
} from '@headgate/wire'
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import { TestClock } from '../identity/token-fixture.ts'
import type { PeerOwner } from './peer-owner.ts'
import { createRelay, type RelayOptions } from './relay.ts'

const [PRODUCE, METADATA, HANDSHAKE, AUTHENTICATE] = [0, 3, 17, 36]
const LIFETIME_MS = 10_000

interface Asked {
  readonly apiKey: number
  readonly correlationId: number
  readonly connection: number
}

/** As much of a gateway as a relay needs: it signs anybody in, and names brokers. */
interface GatewayStub {
  readonly port: number
  readonly asked: Asked[]
  readonly tokens: string[]
  refusal: { readonly errorCode: number; readonly errorMessage: string } | undefined
  brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number; readonly rack: null }[]
}

let clock: TestClock
let gateway: GatewayStub
let lines: LogFields[]

beforeEach(async () => {
  clock = new TestClock()
  lines = []
  gateway = await startGateway()
})

async function startGateway(): Promise<GatewayStub> {
  let connections = 0
  const server = createServer((socket) => {
    const frames = new FrameReader()
    connections += 1
    const connection = connections
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      for (const frame of frames.push(chunk)) answer(socket, frame, connection)
    })
  })
  const answer = (socket: Socket, frame: Buffer, connection: number): void => {
    const { apiKey, apiVersion, correlationId, bodyOffset } = decodeRequestHeader(frame)
    stub.asked.push({ apiKey, correlationId, connection })
    const { decodeRequest, defaultResponse, encodeResponse } = apiMessage(apiKey)
    const request = decodeRequest(new Reader(frame, bodyOffset), apiVersion)
    if (apiKey === AUTHENTICATE) stub.tokens.push((request as SaslAuthenticateRequest).authBytes.toString())
    if (apiKey === PRODUCE && (request as { acks: number }).acks === 0) return
    const members =
      apiKey === AUTHENTICATE ? { sessionLifetimeMs: BigInt(LIFETIME_MS), ...stub.refusal } : { brokers: stub.brokers }
    socket.write(
      encodeResponseFrame(apiKey, apiVersion, correlationId, (writer) =>
        encodeResponse(writer, { ...defaultResponse(), ...members }, apiVersion),
      ),
    )
  }
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as { port: number }
  const brokers = [0, 1].map((nodeId) => ({ nodeId, host: '127.0.0.1', port, rack: null }))
  const stub: GatewayStub = { port, asked: [], tokens: [], refusal: undefined, brokers }
  return stub
}

async function startRelay(changes: Partial<RelayOptions> = {}, ...ownerOf: [PeerOwner?]): Promise<number> {
  const keep = (fields: LogFields): void => void lines.push(fields)
  const log: LogPort = { debug: keep, info: keep, warn: keep, error: keep }
  let count = 0
  const options: RelayOptions = {
    port: 0,
    bootstrap: [{ host: '127.0.0.1', port: gateway.port }],
    tls: undefined,
    tokens: async () => {
      count += 1
      return new Secret(`token-${count}`)
    },
    log,
    clock,
    ...changes,
  }
  const relay = createRelay(options, ...ownerOf)
  const port = await relay.start()
  onTestFinished(() => relay.close())
  return port
}

class Client {
  readonly #socket: Socket
  readonly #frames = new FrameReader()
  readonly answers: Buffer[] = []
  isClosed = false

  constructor(port: number) {
    this.#socket = tcp({ host: '127.0.0.1', port })
    onTestFinished(() => void this.#socket.destroy())
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      this.isClosed = true
    })
    this.#socket.on('data', (chunk: Buffer) => void this.answers.push(...this.#frames.push(chunk)))
  }

  send(apiKey: number, apiVersion: number, correlationId: number, members: object = {}): void {
    const { encodeRequest, defaultRequest } = apiMessage(apiKey)
    const head = { apiKey, apiVersion, correlationId, clientId: 'test' }
    this.write(
      encodeRequestFrame(head, (writer) => encodeRequest(writer, { ...defaultRequest(), ...members }, apiVersion)),
    )
  }

  write(bytes: Buffer | string): void {
    this.#socket.write(bytes)
  }

  async answer<T>(apiKey: number, apiVersion: number, index: number): Promise<T> {
    const frame = await vi.waitUntil(() => this.answers[index])
    const { bodyOffset } = decodeResponseHeader(apiKey, apiVersion, frame)
    return apiMessage(apiKey).decodeResponse(new Reader(frame, bodyOffset), apiVersion) as T
  }

  closed(): Promise<boolean> {
    return vi.waitUntil(() => this.isClosed)
  }
}

const metadataOf = (client: Client, index: number): Promise<MetadataResponse> => client.answer(METADATA, 9, index)

test('a client without SASL is signed in, and every broker gets a port of its own that leads to it', async () => {
  const port = await startRelay()
  const client = new Client(port)
  client.send(METADATA, 9, 1)
  const { brokers } = await metadataOf(client, 0)

  expect(gateway.tokens).toEqual(['n,,\x01auth=Bearer token-1\x01\x01'])
  expect(brokers.map(({ nodeId, host }) => [nodeId, host])).toEqual([
    [0, '127.0.0.1'],
    [1, '127.0.0.1'],
  ])
  expect(new Set([port, gateway.port, ...brokers.map((broker) => broker.port)]).size).toBe(4)
  const second = new Client(brokers[1]?.port ?? 0)
  second.send(METADATA, 9, 1)
  expect((await metadataOf(second, 0)).brokers).toEqual(brokers)
  expect(gateway.tokens).toHaveLength(2)
})

test('answers keep their order; a produce that wants no answer gets none', async () => {
  const client = new Client(await startRelay())
  client.send(METADATA, 9, 1)
  client.send(PRODUCE, 9, 2, { acks: 0 })
  client.send(PRODUCE, 3, 3, { acks: 0 })
  client.send(12, 4, 4)
  client.send(METADATA, 9, 5)
  await metadataOf(client, 2)

  expect(client.answers.map((frame) => frame.readInt32BE(0))).toEqual([1, 4, 5])
  const clients = gateway.asked.filter(({ correlationId }) => correlationId > 0)
  expect(clients.map(({ correlationId }) => correlationId)).toEqual([1, 2, 3, 4, 5])
})

test('the session is renewed with a new token on the same connection, and requests meanwhile wait their turn', async () => {
  const client = new Client(await startRelay())
  client.send(METADATA, 9, 1)
  await metadataOf(client, 0)
  clock.advance(LIFETIME_MS * 0.8)
  client.send(METADATA, 9, 2)
  await metadataOf(client, 1)
  await vi.waitUntil(() => gateway.tokens.length === 2)

  expect(gateway.tokens[1]).toContain('token-2')
  expect(new Set(gateway.asked.map(({ connection }) => connection)).size).toBe(1)
  client.send(METADATA, 9, 3)
  expect((await metadataOf(client, 2)).brokers).toHaveLength(2)
})

test('while no token can be had the session goes on, and it is renewed as soon as one can', async () => {
  let isGone = false
  let asked = 0
  const tokens = async (): Promise<Secret<string>> => {
    asked += 1
    if (isGone) throw new GoneError()
    return new Secret('token')
  }
  const client = new Client(await startRelay({ tokens }))
  client.send(METADATA, 9, 1)
  await metadataOf(client, 0)
  isGone = true
  clock.advance(LIFETIME_MS * 0.8)
  await vi.waitUntil(() => lines.some(({ event }) => event === 'relay-renewal'))
  expect(lines).toContainEqual(expect.objectContaining({ code: 'ERR_GATEWAY_TEST', reason: 'the issuer is gone' }))
  client.send(METADATA, 9, 2)
  await metadataOf(client, 1)
  isGone = false
  const before = asked
  await vi.waitUntil(() => clock.timers > 0)
  clock.advance(LIFETIME_MS * 0.06)
  await vi.waitUntil(() => gateway.tokens.length === 2)
  expect(asked).toBe(before + 1)
  expect(client.isClosed).toBe(false)
})

class GoneError extends HeadgateError {
  readonly code = 'ERR_GATEWAY_TEST'

  constructor() {
    super({ message: 'the issuer is gone' })
  }
}

test('a token that the gateway refuses: the client is sent away, and the reason is told without the token', async () => {
  gateway.refusal = { errorCode: 58, errorMessage: 'token: it has \u001b[1mexpired' }
  const client = new Client(await startRelay())
  client.send(METADATA, 9, 1)
  await client.closed()

  expect(lines).toContainEqual(
    expect.objectContaining({ code: 'ERR_GATEWAY_RELAY_SIGN_IN', reason: expect.stringContaining('has [1mexpired') }),
  )
  expect(JSON.stringify(lines)).not.toContain('token-1')
})

test('a client that wants to sign in itself is told that it need not, as a listener without SASL does', async () => {
  const client = new Client(await startRelay())
  client.send(HANDSHAKE, 1, 1, { mechanism: 'PLAIN' })
  client.send(AUTHENTICATE, 1, 2)

  expect(await client.answer(HANDSHAKE, 1, 0)).toMatchObject({ errorCode: 34 })
  expect(await client.answer(AUTHENTICATE, 1, 1)).toMatchObject({
    errorCode: 34,
    errorMessage: expect.stringContaining('security.protocol=PLAINTEXT'),
  })
  expect(gateway.asked.filter(({ correlationId }) => correlationId > 0)).toEqual([])
})

test.each([
  ['what is no Kafka', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ['a request without a head', Buffer.from([0, 0, 0, 2, 0, 3])],
  ['a version whose addresses would stay', Buffer.from([0, 0, 0, 10, 0, 1, 0, 17, 0, 0, 0, 1, 0xff, 0xff])],
])('%s ends the connection and reaches no gateway', async (_name, bytes) => {
  const client = new Client(await startRelay())
  client.write(bytes)
  await client.closed()
  expect(gateway.asked.filter(({ correlationId }) => correlationId > 0)).toEqual([])
  expect(lines.some(({ event }) => event === 'relay-refused')).toBe(true)
})

test('without TLS a token goes to no host but those that were named from the start', async () => {
  gateway.brokers = [
    { nodeId: 0, host: 'elsewhere.example', port: 9092, rack: null },
    { nodeId: -1, host: '127.0.0.1', port: 9092, rack: null },
  ]
  const client = new Client(await startRelay())
  client.send(METADATA, 9, 1)
  const { brokers } = await metadataOf(client, 0)
  expect(brokers.map(({ host, port }) => [host, port])).toEqual([
    ['', -1],
    ['', -1],
  ])
})

test('a port that is taken is told, and a gateway that is gone is told for each client', async () => {
  const port = await startRelay({ bootstrap: [{ host: '127.0.0.1', port: 1 }] })
  const client = new Client(port)
  await client.closed()
  expect(lines).toContainEqual(expect.objectContaining({ code: 'ERR_GATEWAY_UPSTREAM_UNREACHABLE' }))
  await expect(startRelay({ port })).rejects.toMatchObject({ code: 'ERR_GATEWAY_LISTEN' })
})

test('a program of another user, or of one that cannot be told, is sent away unless any user is let in', async () => {
  const own = process.getuid?.() ?? 0
  const peers: number[] = []
  const is =
    (owner: number | undefined): PeerOwner =>
    async ({ remotePort }) => {
      peers.push(remotePort)
      return owner
    }
  for (const owner of [own + 1, undefined]) {
    const client = new Client(await startRelay({}, is(owner)))
    client.send(METADATA, 9, 1)
    await client.closed()
  }
  expect(gateway.asked).toEqual([])
  expect(lines.map(({ reason }) => reason)).toEqual([`it belongs to user ${own + 1}`, 'its user cannot be told'])
  for (const client of [
    new Client(await startRelay({}, is(own))),
    new Client(await startRelay({ allowsAnyUser: true }, is(own + 1))),
  ]) {
    client.send(METADATA, 9, 1)
    await metadataOf(client, 0)
  }
  expect(peers).toHaveLength(3)
})
