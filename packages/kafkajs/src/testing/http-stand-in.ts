import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request as a stand-in server saw it. */
export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly form: URLSearchParams
  readonly body: string
}

/** What a stand-in server answers: a JSON value, or text of a type, or nothing with only a status. */
export interface StandInAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly text?: string
}

/** A real HTTP server on this machine whose answers a test decides. */
export interface HttpStandIn {
  readonly origin: string
  readonly seen: SeenRequest[]
  /** How many connections it has had. */
  readonly connections: number
  /** Changed at will; a path without an answer is 404. */
  readonly routes: Map<string, (request: SeenRequest) => StandInAnswer | Promise<StandInAnswer>>
  close(): Promise<void>
}

async function read(request: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const { method = '', url = '', headers } = request
  const body = Buffer.concat(chunks).toString()
  return { method, path: url, headers, form: new URLSearchParams(body), body }
}

function write(response: ServerResponse, { status = 200, headers = {}, json, text }: StandInAnswer): void {
  response.writeHead(status, { ...(json !== undefined && { 'content-type': 'application/json' }), ...headers })
  response.end(json === undefined ? text : JSON.stringify(json))
}

/** Starts a stand-in server on a free port of this machine. */
export async function startHttpStandIn(): Promise<HttpStandIn> {
  const routes: HttpStandIn['routes'] = new Map()
  const seen: SeenRequest[] = []
  const server = createServer(async (request, response) => {
    const known = await read(request)
    seen.push(known)
    const route = routes.get(known.path)
    write(response, route === undefined ? { status: 404 } : await route(known))
  })
  let connections = 0
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    seen,
    get connections() {
      return connections
    },
    routes,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
