// Test fixture: an issuer and a gateway on real HTTP servers, whose answers a test can change, and a clock in a hurry.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, type ClockTimer, systemClock } from '@headgate/core'

/** A request that a stub was asked. */
export interface StubRequest {
  readonly method: string
  readonly path: string
  readonly form: URLSearchParams
  readonly authorization: string | undefined
}

/** What a stub answers; a body that is no text is sent as JSON. */
export interface StubAnswer {
  readonly status?: number
  readonly body?: unknown
  /** The connection ends in place of an answer. */
  readonly isCut?: boolean
}

/** An HTTP server that answers by path. */
export interface StubServer {
  readonly url: string
  readonly answers: Map<string, (request: StubRequest) => StubAnswer>
  readonly requests: StubRequest[]
  close(): Promise<void>
}

/** Starts a server that answers 404 to every path without an answer. */
async function startStub(): Promise<StubServer> {
  const answers: StubServer['answers'] = new Map()
  const requests: StubRequest[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const url = new URL(request.url ?? '/', 'http://stub')
    const form = new URLSearchParams(Buffer.concat(chunks).toString())
    const asked = { method: request.method ?? '', path: url.pathname, form }
    requests.push({ ...asked, authorization: request.headers.authorization })
    const {
      status = 200,
      body = {},
      isCut,
    } = answers.get(url.pathname)?.(requests.at(-1) as StubRequest) ?? { status: 404 }
    if (isCut === true) return void request.socket.destroy()
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    requests,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A token that nobody signed: what the command reads of it, it has from the server that gave it. */
export function unsignedToken(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'ES256', typ: 'JWT' })}.${part(claims)}.c2lnbmVk`
}

/** Claims of an ID token as the issuer would give one to the client now. */
export function idClaims(issuer: string, clientId: string): Record<string, unknown> {
  const now = Math.floor(Date.now() / 1_000)
  return { iss: issuer, sub: 'ada', aud: clientId, iat: now, exp: now + 300 }
}

/** Starts an issuer that offers both flows; `/token` gives tokens until a test says otherwise. */
export async function startStubIssuer(): Promise<StubServer> {
  const stub = await startStub()
  const { url, answers } = stub
  answers.set('/.well-known/openid-configuration', () => ({
    body: {
      issuer: url,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/token`,
      device_authorization_endpoint: `${url}/device`,
      revocation_endpoint: `${url}/revoke`,
      id_token_signing_alg_values_supported: ['ES256'],
      authorization_response_iss_parameter_supported: true,
    },
  }))
  answers.set('/device', () => ({
    body: { device_code: 'device-code-secret', user_code: 'ABCD-EFGH', verification_uri: `${url}/go`, expires_in: 600 },
  }))
  answers.set('/token', () => ({ body: tokensNumbered(1) }))
  answers.set('/revoke', () => ({ body: '' }))
  return stub
}

/** A token answer whose tokens can be told apart. */
export function tokensNumbered(number: number): object {
  const tokens = { access_token: `access-secret-${number}`, refresh_token: `refresh-secret-${number}` }
  return { ...tokens, token_type: 'Bearer', expires_in: 300 }
}

/** Starts a gateway that names the issuer and exchanges whatever it is given for a token of its own. */
export async function startStubGateway(issuer: string): Promise<StubServer> {
  const stub = await startStub()
  const { url, answers } = stub
  answers.set('/.well-known/oauth-authorization-server', () => ({
    body: {
      issuer: url,
      headgate_cluster: 'orders-prod',
      headgate_logins: [{ name: 'corp', issuer, client_id: 'headgate-cli', scopes: ['openid', 'kafka'] }],
    },
  }))
  answers.set('/token', () => {
    const exp = Math.floor(Date.now() / 1_000) + 300
    const claims = { iss: url, idp: 'corp', sub: 'ada', groups: ['engineers'], exp }
    return { body: { access_token: unsignedToken(claims), token_type: 'Bearer', expires_in: 300 } }
  })
  return stub
}

const HURRY = 200

/** A clock whose waits are short, whose monotonic time runs ahead as much, and whose wall-clock time a test moves. */
export class HurriedClock implements Clock {
  #aheadMs = 0
  /** The waits that were asked for. */
  readonly waits: number[] = []

  nowUnixMs(): number {
    return systemClock.nowUnixMs() + this.#aheadMs
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() * HURRY
  }

  after(delayMs: number, fire: () => void): ClockTimer {
    this.waits.push(delayMs)
    return systemClock.after(delayMs / HURRY, fire)
  }

  advance(deltaMs: number): void {
    this.#aheadMs += deltaMs
  }
}
