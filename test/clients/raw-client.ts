import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import {
  apiMessage,
  decodeResponseHeader,
  defaultSaslAuthenticateRequest,
  defaultSaslHandshakeRequest,
  encodeRequestFrame,
  FrameReader,
  Reader,
  type SaslAuthenticateResponse,
} from '@headgate/wire'

/** Where a raw client connects. */
export interface RawClientOptions {
  readonly host: string
  readonly port: number
  /** The authority; without it the connection is plaintext. */
  readonly caPem?: string
  readonly clientId?: string
}

interface Pending {
  readonly apiKey: number
  readonly apiVersion: number
  resolve(response: object): void
  reject(cause: Error): void
}

/**
 * A connection that speaks any API in any version, as no client library does: for tests and benches that say exactly what
 * goes over the wire.
 */
export class RawClient {
  readonly #socket: Socket
  readonly #frames = new FrameReader()
  readonly #pending: Pending[] = []
  readonly #clientId: string
  #lastCorrelationId = 0

  constructor(socket: Socket, clientId: string) {
    this.#socket = socket
    this.#clientId = clientId
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      for (const frame of this.#frames.push(chunk)) this.#take(frame)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      for (const { reject } of this.#pending.splice(0)) reject(new Error('the connection was closed'))
    })
  }

  /** Connects, and over TLS checks the certificate. */
  static async connect({ host, port, caPem, clientId = 'raw' }: RawClientOptions): Promise<RawClient> {
    const socket = caPem === undefined ? connectTcp({ host, port }) : connectTls({ host, port, ca: caPem })
    await new Promise<void>((resolve, reject) => {
      socket.once(caPem === undefined ? 'connect' : 'secureConnect', () => resolve())
      socket.once('error', reject)
    })
    return new RawClient(socket, clientId)
  }

  /** Whether the other side, or this one, has ended the connection. */
  get isClosed(): boolean {
    return this.#socket.destroyed || this.#socket.readableEnded
  }

  /** Sends a request, `body` beside the defaults, and gives the answer; rejects when the connection ends before it. */
  request<Response extends object>(apiKey: number, apiVersion: number, body: object = {}): Promise<Response> {
    if (this.isClosed) return Promise.reject(new Error('the connection was closed'))
    return new Promise<Response>((resolve, reject) => {
      this.#pending.push({ apiKey, apiVersion, resolve: (response) => resolve(response as Response), reject })
      this.send(apiKey, apiVersion, body)
    })
  }

  /** Sends a request that has no answer. */
  send(apiKey: number, apiVersion: number, body: object = {}): void {
    this.#lastCorrelationId += 1
    const { defaultRequest, encodeRequest } = apiMessage(apiKey)
    const header = { apiKey, apiVersion, correlationId: this.#lastCorrelationId, clientId: this.#clientId }
    this.#socket.write(
      encodeRequestFrame(header, (writer) => encodeRequest(writer, { ...defaultRequest(), ...body }, apiVersion)),
    )
  }

  /** Sends bytes as they are. */
  write(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  /** Signs in with SASL/PLAIN; gives the answer, also a refusal. */
  async signInPlain(username: string, password: string): Promise<SaslAuthenticateResponse> {
    await this.request(17, 1, { ...defaultSaslHandshakeRequest(), mechanism: 'PLAIN' })
    const authBytes = Buffer.from(`\0${username}\0${password}`)
    return await this.request<SaslAuthenticateResponse>(36, 1, { ...defaultSaslAuthenticateRequest(), authBytes })
  }

  /** Stops reading, so that what is owed piles up on the other side. */
  pause(): void {
    this.#socket.pause()
  }

  /** Reads again. */
  resume(): void {
    this.#socket.resume()
  }

  /** Resolves when the other side has ended the connection. */
  closed(): Promise<void> {
    if (this.#socket.destroyed) return Promise.resolve()
    return new Promise((resolve) => this.#socket.once('close', () => resolve()))
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(frame: Buffer): void {
    const pending = this.#pending.shift()
    if (pending === undefined) return
    const { apiKey, apiVersion, resolve, reject } = pending
    try {
      const { bodyOffset } = decodeResponseHeader(apiKey, apiVersion, frame)
      resolve(apiMessage(apiKey).decodeResponse(new Reader(frame, bodyOffset), apiVersion))
    } catch (cause) {
      reject(cause instanceof Error ? cause : new Error('the answer could not be decoded'))
    }
  }
}
