import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Consumer, createConsumer } from './consumer.ts'
import { type Manifest, packageNames } from './packages.ts'

const ALLOWED =
  /^package\/(?:package\.json|[\w-]+\.schema\.json|README\.md|LICENSE|NOTICE|dist\/(?:tools\/)?[\w.-]+\.(?:js|cjs|d\.ts|d\.cts|map|LICENSE)|dist\/THIRD-PARTY-LICENCES\.txt|dist\/.*\.wasm)$/

let consumer: Consumer

beforeAll(() => {
  consumer = createConsumer()
})
afterAll(() => consumer.remove())

function runProgram(file: string, text: string): unknown {
  consumer.write(file, text)
  return JSON.parse(consumer.run(process.execPath, file))
}

test.each(packageNames())('the tarball of %s holds what is built, and neither sources nor tests', (name) => {
  const listed = consumer.run('tar', '-tzf', consumer.tarballs.get(name) ?? '')
  const files = listed.trim().split('\n')

  expect(files.filter((file) => !ALLOWED.test(file))).toEqual([])
  expect(files).toEqual(expect.arrayContaining(['package/package.json', 'package/README.md', 'package/LICENSE']))
})

test.each(packageNames())('the manifest in the tarball of %s names versions, not the workspace', (name) => {
  const text = consumer.run('tar', '-xzOf', consumer.tarballs.get(name) ?? '', 'package/package.json')
  const manifest = JSON.parse(text) as Manifest
  const ranges = Object.values({ ...manifest.dependencies, ...manifest.peerDependencies })

  expect(ranges.filter((range) => !/^\^?\d+\.\d+\.\d+$/.test(range))).toEqual([])
})

test.each(packageNames())('%s gives the same names to import and to require', (name) => {
  const list =
    'console.log(JSON.stringify(Object.keys(m).filter((n) => !["default", "module.exports"].includes(n)).sort()))'
  const imported = runProgram(`${name}.mjs`, `import * as m from '@headgate/${name}'\n${list}`)
  const required = runProgram(`${name}.cjs`, `const m = require('@headgate/${name}')\n${list}`)

  expect(imported).toEqual(required)
  expect(imported).not.toEqual([])
})

test('an error of one format is known by the other', () => {
  const program = `import { createRequire } from 'node:module'
    import { HeadgateError } from '@headgate/core'
    const other = createRequire(import.meta.url)('@headgate/core')
    class Torn extends other.HeadgateError { code = 'ERR_CORE_TORN' }
    const error = new Torn({ message: 'torn' })
    console.log(JSON.stringify([HeadgateError === other.HeadgateError, error instanceof HeadgateError]))`

  expect(runProgram('brand.mjs', program)).toEqual([false, true])
})

test("the client carries records in a copy of kafkajs that nobody else's patch or codec reaches [client-bypasses]", () => {
  const program = `const plain = require('kafkajs')
    plain.Kafka.prototype.producer = () => 'patched'
    const codec = () => 'spy'
    plain.CompressionCodecs[plain.CompressionTypes.Snappy] = codec
    const { CompressionCodecs, CompressionTypes, Kafka, KafkaJSError } = require('@headgate/kafkajs')
    const kafka = new Kafka({ logCreator: () => () => {} })
    const { Snappy } = CompressionTypes
    CompressionCodecs[Snappy]().compress({ buffer: Buffer.alloc(9000) }).then((bytes) => console.log(JSON.stringify([
      typeof kafka.producer().send, KafkaJSError === plain.KafkaJSError, CompressionCodecs[Snappy] === codec, bytes.length < 900,
    ])))`

  expect(runProgram('copy.cjs', program)).toEqual(['function', false, false, true])
})

test('the installed command answers', () => {
  const command = join(consumer.folder, 'node_modules/.bin/headgate')

  expect(consumer.run(command, '--help')).toContain('gateway')
})

test('what the installed command loads for one of its commands alone is installed with it', () => {
  const command = join(consumer.folder, 'node_modules/.bin/headgate')
  mkdirSync(join(consumer.folder, 'service'))
  consumer.write('service/package.json', '{ "name": "service" }')
  consumer.write('service/old.ts', "import { Kafka } from 'kafkajs'\n")
  consumer.write('dev-policy.yaml', 'rules: [{ id: a, who: everyone, may: { produce: [orders] } }]\n')

  expect(failureOf(command, 'doctor', 'service', '--json')).toContain('ERR_CLI_KAFKAJS_IMPORT')
  expect(failureOf(command, 'dev', '--kafka', '127.0.0.1:1', '--policy', 'dev-policy.yaml', '--json')).toContain(
    'ERR_CLI_KAFKA_UNREACHABLE',
  )
})

function failureOf(command: string, ...args: string[]): string {
  try {
    return consumer.run(command, ...args)
  } catch (error) {
    return String((error as { readonly stdout?: unknown }).stdout)
  }
}

describe('the store, whose thread is a file of its own', () => {
  const config = (store: string): string => `cluster: { name: orders-prod, bootstrap: [127.0.0.1:1], insecure: true }
listener: { host: 127.0.0.1, advertisedHost: localhost, port: 0, brokers: { firstPort: 19100, ids: 0 }, insecure: true }
http: { host: 127.0.0.1, port: 0, publicUrl: http://gateway.example, insecure: true }
issuers: [{ name: corp, issuer: https://idp.example, audiences: [headgate], algorithms: [ES256] }]
tokens: { signingKey: { file: token.jwk.json } }
bundles: { currentKey: { file: bundle.jwk.json } }
policy: policy.yaml
store: { path: ${store} }
`
  // Nothing listens at the bootstrap address, so that each of them ends by itself.
  const start = `.then(async ({ createGateway, loadGatewayConfig }) => {
    const { config } = loadGatewayConfig(process.argv[2])
    const written = []
    const log = { debug() {}, info: ({ event }) => written.push(event), warn() {}, error() {} }
    const gateway = await createGateway({ config, log })
    await gateway.start().catch(() => {})
    console.log(JSON.stringify(written))
  })`

  beforeAll(() => {
    const command = join(consumer.folder, 'node_modules/.bin/headgate')
    for (const type of ['token', 'bundle'])
      consumer.run(command, 'keys', 'create', '--type', type, '--out', `${type}.jwk.json`)
    consumer.write('policy.yaml', 'rules: [{ id: a, who: everyone, may: { produce: [orders] } }]\n')
  })

  test.each([
    ['imported', 'store.mjs', `import('@headgate/gateway')${start}`],
    ['required', 'store.cjs', `Promise.resolve(require('@headgate/gateway'))${start}`],
  ])('opens in the gateway that is %s', (name, file, program) => {
    consumer.write(`${name}.yaml`, config(`${name}/gateway.db`))
    consumer.write(file, program)
    expect(JSON.parse(consumer.run(process.execPath, file, `${name}.yaml`))).toContain('store')
    expect(existsSync(join(consumer.folder, name, 'gateway.db'))).toBe(true)
  })

  test('opens in the installed command', () => {
    consumer.write('command.yaml', config('command/gateway.db'))
    const command = join(consumer.folder, 'node_modules/.bin/headgate')
    expect(() => consumer.run(command, 'gateway', '--config', 'command.yaml')).toThrow('"event":"store"')
    expect(existsSync(join(consumer.folder, 'command', 'gateway.db'))).toBe(true)
  })
})

describe('assertions, whose thread is a file of its own', () => {
  test.each(['gateway', 'cli'])('are verified by the one that %s has beside its programs', (name) => {
    const script = join(consumer.folder, 'node_modules/@headgate', name, 'dist/saml-worker.js')
    const program = `import { Worker } from 'node:worker_threads'
      const worker = new Worker(${JSON.stringify(script)}, { env: {} })
      worker.on('message', ({ code }) => { console.log(JSON.stringify(code)); worker.terminate() })
      const token = Buffer.from('<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"><Issuer>mesh</Issuer></Assertion>')
      worker.postMessage({ token: token.toString('base64url'), issuers: [], recipient: '', nowUnixMs: 0 })`
    expect(runProgram(`assertion-${name}.mjs`, program)).toBe('ERR_GATEWAY_TOKEN_ISSUER_UNKNOWN')
  })
})
