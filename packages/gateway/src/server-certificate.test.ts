import { once } from 'node:events'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  type ConfigFolder,
  createConfigFolder,
  createTestCertificate,
  type TestCertificate,
} from './config/config-fixture.ts'
import type { GatewayConfig } from './config/gateway-config.ts'
import { loadGatewayConfig } from './config/load-config.ts'
import { ConfigReload } from './control-plane/config-reload.ts'
import { collectLog, type LoggedLine } from './control-plane/control-plane-fixture.ts'
import { type Listener, listen } from './data-plane/listener.ts'
import { TestClock } from './identity/token-fixture.ts'
import { ServerCertificate } from './server-certificate.ts'

let folder: ConfigFolder
let clock: TestClock
let lines: LoggedLine[]
let listener: Listener
let reload: ConfigReload
const sockets: TLSSocket[] = []

/** A listener that sends back what it gets, with the certificate of a config on the disk. */
beforeEach(async () => {
  folder = await createConfigFolder()
  clock = new TestClock()
  const load = () => loadGatewayConfig(folder.configPath, { environment: { LEDGER_PASSWORD: 'x' } })
  const result = load()
  if (!result.ok || result.config.listener.tls === undefined) throw new Error('the config is sound')
  const { config } = result
  const { log, lines: collected } = collectLog()
  lines = collected
  const certificate = new ServerCertificate('kafka', result.config.listener.tls, log)
  const takers = [{ takeConfig: (next: typeof config) => certificate.replace(next.listener.tls) }]
  reload = new ConfigReload({ config, takers, load, log, clock })
  listener = await listen({
    ...{ host: '127.0.0.1', port: 0, certificate, maxConnections: 100, maxConnectionsPerAddress: 100 },
    onSocket: (socket) => void socket.pipe(socket),
    onFull: () => {},
    onHandshakeFailed: () => {},
  })
})
afterEach(async () => {
  reload.close()
  for (const socket of sockets.splice(0)) socket.destroy()
  await listener.close()
  folder.remove()
})

async function open(of: Pick<TestCertificate, 'certPem'>, more: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ port: listener.port, host: 'localhost', ca: of.certPem, ...more })
  sockets.push(socket)
  await once(socket, 'secureConnect')
  return socket
}
async function echo(socket: TLSSocket): Promise<string> {
  socket.write('ping')
  return String((await once(socket, 'data'))[0])
}
/** Puts another pair into the files of the config. */
async function replaceFiles(): Promise<TestCertificate> {
  const next = await createTestCertificate()
  folder.write('cert.pem', next.certPem)
  folder.write('key.pem', next.keyPem)
  return next
}
const lookAtFiles = (): void => clock.advance(10_000)

test('new connections get the certificate that is in the files now, and those that are open go on', async () => {
  const first = await replaceFiles()
  lookAtFiles()
  const live = await open(first)
  const second = await replaceFiles()
  lookAtFiles()
  expect(await echo(await open(second))).toBe('ping')
  await expect(open(first)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  expect(await echo(live)).toBe('ping')
  expect(lines).toMatchObject([
    { event: 'certificate', listener: 'kafka', expiresAtUnixMs: expect.any(Number) },
    { event: 'certificate', listener: 'kafka', kid: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ])
})

test('what was replaced between the start and the first look is not missed', async () => {
  reload.close()
  const { config } = loadGatewayConfig(folder.configPath, { environment: { LEDGER_PASSWORD: 'x' } }) as {
    config: GatewayConfig
  }
  const taken: (string | undefined)[] = []
  const takers = [{ takeConfig: ({ listener: { tls } }: GatewayConfig) => void taken.push(tls?.certPem) }]
  const next = await replaceFiles()
  const load = () => loadGatewayConfig(folder.configPath, { environment: { LEDGER_PASSWORD: 'x' } })
  reload = new ConfigReload({ config, takers, load, log: collectLog().log, clock })
  lookAtFiles()
  expect(taken).toEqual([next.certPem])
  lookAtFiles()
  expect(taken).toHaveLength(1)
})

test('a session of the certificate before is not taken up again', async () => {
  const first = await replaceFiles()
  lookAtFiles()
  const live = await open(first)
  const [session] = (await once(live, 'session')) as [Buffer]
  expect((await open(first, { session })).isSessionReused()).toBe(true)
  const second = await replaceFiles()
  lookAtFiles()
  expect((await open(second, { session })).isSessionReused()).toBe(false)
})

test('files that cannot be used leave the last certificate in force, and the log says so without what is in them', async () => {
  const first = await replaceFiles()
  lookAtFiles()
  lines.length = 0
  folder.write('cert.pem', '-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----\n')
  lookAtFiles()
  expect(lines).toMatchObject([{ level: 'error', event: 'config-refused', code: 'ERR_GATEWAY_CONFIG_PEM_INVALID' }])
  expect(JSON.stringify(lines)).not.toContain('canary')
  expect(await echo(await open(first))).toBe('ping')

  // A pair is two files: between the two it is none.
  const next = await createTestCertificate()
  folder.write('cert.pem', next.certPem)
  lookAtFiles()
  expect(lines[1]).toMatchObject({ event: 'config-refused', code: 'ERR_GATEWAY_CONFIG_PEM_INVALID' })
  expect(await echo(await open(first))).toBe('ping')
  folder.write('key.pem', next.keyPem)
  lookAtFiles()
  expect(lines[2]).toMatchObject({ event: 'certificate' })
  expect(await echo(await open(next))).toBe('ping')
})

test('a chain of which a part is damaged is a problem of the config', async () => {
  const first = await replaceFiles()
  folder.write('cert.pem', `${first.certPem}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`)
  lookAtFiles()
  expect(lines).toMatchObject([{ event: 'config-refused', code: 'ERR_GATEWAY_CONFIG_PEM_INVALID' }])
})

test('what only a restart can change is told, and nothing is taken', async () => {
  const first = await replaceFiles()
  lookAtFiles()
  const kafka = 'tls: { cert: cert.pem, key: key.pem }\nhttp:'
  expect(folder.sound).toContain(kafka)
  folder.write('gateway.yaml', folder.sound.replace(kafka, kafka.replace(' }', ', clientCa: cert.pem }')))
  lines.length = 0
  reload.reload()
  expect(lines).toMatchObject([{ level: 'warn', event: 'restart-needed', listener: 'kafka', reason: 'tls' }])
  expect(await echo(await open(first))).toBe('ping')
})
