import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type CommandFolder, createCommandFolder } from '../command-line-fixture.ts'
import { type StubServer, startStubGateway, startStubIssuer, unsignedToken } from '../sign-in/sign-in-fixture.ts'

let issuer: StubServer
let gateway: StubServer
let folder: CommandFolder
let told: string

beforeEach(async () => {
  issuer = await startStubIssuer()
  gateway = await startStubGateway(issuer.url)
  told = ''
  folder = createCommandFolder({
    onError: (text) => {
      told += text
    },
  })
})
afterEach(async () => {
  folder.remove()
  await Promise.all([issuer.close(), gateway.close()])
})

const run = (...args: string[]): ReturnType<CommandFolder['run']> =>
  folder.runWith({ HEADGATE_GATEWAY: gateway.url, HEADGATE_TOKEN: 'access.token.given' }, 'connect', ...args)

function offerKafka(bootstrap: readonly string[], isTls: boolean): void {
  const kafka = { headgate_kafka_bootstrap: bootstrap, headgate_kafka_tls: isTls }
  gateway.answers.set('/.well-known/oauth-authorization-server', () => ({
    body: { issuer: gateway.url, headgate_cluster: 'orders-prod', ...kafka },
  }))
}

test.each([
  ['every address', '0.0.0.0:9092'],
  ['another machine', 'kafka.example:9092'],
  ['no port', '127.0.0.1'],
  ['a port out of range', '127.0.0.1:70000'],
])('%s is not listened at', async (_name, address) => {
  expect((await run('--listen', address)).error).toContain('(ERR_CLI_LISTEN_ADDRESS)')
})

test('a gateway that names no Kafka address, or one in plaintext on another machine', async () => {
  offerKafka([], true)
  expect((await run()).error).toContain('(ERR_CLI_GATEWAY_ANSWER)')
  offerKafka(['kafka.example:9092'], false)
  expect((await run()).error).toContain('plaintext to another machine')
})

test('a sign-in that the gateway does not take is told at once', async () => {
  offerKafka(['kafka.example:9092'], true)
  gateway.answers.set('/token', () => ({ status: 400, body: { error: 'invalid_request', error_description: 'no' } }))
  expect((await run()).error).toContain('(ERR_CLI_EXCHANGE_REFUSED)')
})

test('it says who it acts for and how to use it, and ends well at a signal', async () => {
  offerKafka(['127.0.0.1:1'], true)
  const running = run('--listen', 'localhost:0')
  let hasEnded = false
  void running.then(() => {
    hasEnded = true
  })
  await vi.waitUntil(
    () => {
      folder.raise('SIGINT')
      return hasEnded
    },
    { timeout: 5_000 },
  )
  const { exitCode, out } = await running

  expect(exitCode).toBe(0)
  expect(out).toMatch(/^Kafka for ada of corp, groups engineers: 127\.0\.0\.1:\d+, without SASL or TLS$/m)
  expect(told).toBe(process.platform === 'linux' ? '' : expect.stringContaining('every user of this machine can use'))
})

test('a token of the gateway itself is used as it is', async () => {
  offerKafka(['127.0.0.1:1'], true)
  const exp = Math.floor(Date.now() / 1_000) + 60
  const token = unsignedToken({ iss: gateway.url, idp: 'corp', sub: 'grace', exp })
  const environment = { HEADGATE_GATEWAY: gateway.url, HEADGATE_TOKEN: token }
  const outcome = await folder.runWith(environment, 'whoami')

  expect(outcome.out).toMatch(/^grace of corp, groups unknown, at http:\S+, until \d{4}-/)
  expect(gateway.requests.filter(({ path }) => path === '/token')).toEqual([])
})
