import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { CommandIo } from './command.ts'
import { type CommandFolder, createCommandFolder } from './command-line-fixture.ts'
import { connectGateway } from './gateway-client.ts'

interface Answer {
  readonly status: number
  readonly type?: string
  readonly body: string
}

let folder: CommandFolder
let server: Server
let url: string
let answer: Answer
let asked: { readonly request: IncomingMessage; readonly body: string }[]

beforeEach(async () => {
  folder = createCommandFolder()
  asked = []
  answer = { status: 200, body: '{"asks":[]}' }
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    asked.push({ request, body: Buffer.concat(chunks).toString() })
    response.writeHead(answer.status, { 'content-type': answer.type ?? 'application/json' }).end(answer.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(async () => {
  folder.remove()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

function ioWith(environment: Record<string, string>): CommandIo {
  return folder.io(environment)
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: { code: string }) => error.code,
  )

test('asks with the token of the environment and gives the parsed answer', async () => {
  const client = await connectGateway(ioWith({ HEADGATE_TOKEN: 'abc.def.ghi' }), { gateway: `${url}/` })

  expect(client.url).toBe(url)
  expect(await client.get('/v1/asks?mine=true')).toEqual({ asks: [] })
  expect(await client.post('/v1/asks', { topic: 'payments' })).toEqual({ asks: [] })
  expect(asked.map(({ request, body }) => [request.method, request.url, request.headers.authorization, body])).toEqual([
    ['GET', '/v1/asks?mine=true', 'Bearer abc.def.ghi', ''],
    ['POST', '/v1/asks', 'Bearer abc.def.ghi', '{"topic":"payments"}'],
  ])
})

test('a token comes from a file that the environment names', async () => {
  folder.write('token', 'abc.def.ghi\n')
  const client = await connectGateway(ioWith({ HEADGATE_TOKEN_FILE: 'token', HEADGATE_GATEWAY: url }), {})
  await client.get('/v1/asks')

  expect(asked[0]?.request.headers.authorization).toBe('Bearer abc.def.ghi')
})

test.each([
  ['no gateway', {}, {}, 'ERR_CLI_GATEWAY_MISSING'],
  ['an address that is none', { gateway: 'gateway.example' }, {}, 'ERR_CLI_GATEWAY_ADDRESS'],
  ['an address with a path', { gateway: 'https://gateway.example/x' }, {}, 'ERR_CLI_GATEWAY_ADDRESS'],
  ['plaintext to another machine', { gateway: 'http://gateway.example' }, {}, 'ERR_CLI_GATEWAY_ADDRESS'],
  ['an authority that is not there', { gateway: 'https://a.example', ca: 'no.pem' }, {}, 'ERR_CLI_FILE_UNREADABLE'],
  ['nobody signed in', { gateway: 'https://a.example' }, {}, 'ERR_CLI_NOT_SIGNED_IN'],
  [
    'a token file that is not there',
    { gateway: 'https://a.example' },
    { HEADGATE_TOKEN_FILE: 'none' },
    'ERR_CLI_FILE_UNREADABLE',
  ],
])('%s is refused before anything is sent', async (_name, options, environment, code) => {
  expect(await codeOf(connectGateway(ioWith(environment), options))).toBe(code)
})

test('a problem of the gateway is an error with its code and its words, safe for a terminal', async () => {
  answer = {
    status: 409,
    type: 'application/problem+json',
    body: JSON.stringify({ title: 'decided\u001b[2J already', status: 409, code: 'ERR_GATEWAY_ASK_DECIDED' }),
  }
  const client = await connectGateway(ioWith({ HEADGATE_TOKEN: 'abc' }), { gateway: url })

  await expect(client.post('/v1/asks/1/approve', {})).rejects.toMatchObject({
    code: 'ERR_GATEWAY_ASK_DECIDED',
    message: 'the gateway refused: decided[2J already',
    retryable: false,
    details: { status: 409 },
  })
})

test.each([
  ['a refusal without a code', { status: 403, body: 'no' }, 'ERR_CLI_GATEWAY_REFUSED'],
  ['a redirect', { status: 302, body: '' }, 'ERR_CLI_GATEWAY_REFUSED'],
  ['a failing proxy', { status: 502, body: '<html>' }, 'ERR_CLI_UNREACHABLE'],
  ['no JSON', { status: 200, body: '<html>' }, 'ERR_CLI_GATEWAY_ANSWER'],
  [
    'a code of somebody else',
    { status: 403, type: 'application/problem+json', body: '{"code":"x y"}' },
    'ERR_CLI_GATEWAY_REFUSED',
  ],
])('%s', async (_name, given, code) => {
  answer = given
  const client = await connectGateway(ioWith({ HEADGATE_TOKEN: 'abc' }), { gateway: url })
  expect(await codeOf(client.get('/v1/asks'))).toBe(code)
})

test('an answer line by line is parsed line by line, and a line that is none is refused', async () => {
  answer = { status: 200, type: 'application/x-ndjson', body: '{"a":1}\n\n{"a":2}\n' }
  const client = await connectGateway(ioWith({ HEADGATE_TOKEN: 'abc' }), { gateway: url })
  expect(await client.getLines('/v1/lines')).toEqual([{ a: 1 }, { a: 2 }])
  answer = { status: 200, body: '{"a":1}\n{"a' }
  expect(await codeOf(client.getLines('/v1/lines'))).toBe('ERR_CLI_GATEWAY_ANSWER')
  answer = { status: 403, type: 'application/problem+json', body: '{"code":"ERR_GATEWAY_X"}' }
  expect(await codeOf(client.getLines('/v1/lines'))).toBe('ERR_GATEWAY_X')
})

test('a gateway that is gone', async () => {
  const client = await connectGateway(ioWith({ HEADGATE_TOKEN: 'secret-token' }), { gateway: 'http://127.0.0.1:1' })
  const error = await client.get('/v1/asks').catch((reason: unknown) => reason)

  expect(error).toMatchObject({ code: 'ERR_CLI_UNREACHABLE', retryable: true, details: { reason: 'ECONNREFUSED' } })
  expect(JSON.stringify(error) + String(error)).not.toContain('secret-token')
})
