import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CommandFolder, createCommandFolder } from '../command-line-fixture.ts'

let service: CommandFolder
beforeEach(() => {
  service = createCommandFolder()
  write('package.json', { name: 'shop', dependencies: { '@headgate/kafkajs': '1' } })
})
afterEach(() => service.remove())

function write(path: string, content: string | object): void {
  const target = join(service.path, path)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, typeof content === 'string' ? content : JSON.stringify(content))
}

/** A client that is installed in the folder, with this code; without code it has no more than a manifest. */
function install(name: string, manifest: object = {}, code = ''): void {
  write(`node_modules/${name}/package.json`, { name, version: '1.2.3', main: 'index.cjs', ...manifest })
  write(`node_modules/${name}/index.cjs`, code)
}

interface Told {
  readonly ok: boolean
  readonly checks: readonly {
    readonly area: string
    readonly status: string
    readonly what: string
    readonly code?: string
    readonly message: string
  }[]
}

async function doctor(...args: string[]): Promise<Told & { readonly exitCode: number }> {
  const { exitCode, out } = await service.run('doctor', '--json', ...args)
  return { exitCode, ...(JSON.parse(out) as Told) }
}

const brief = ({ checks }: Told): string[] =>
  checks.map(({ status, what, code }) => [status, what, code ?? ''].join(' ').trim())

test('imports of kafkajs are found by file, line and column, but for what is installed or built', async () => {
  install('@headgate/kafkajs')
  write('src/good.ts', "import { Kafka } from '@headgate/kafkajs'\nimport type { Consumer } from 'kafkajs'\n")
  write('src/old.cjs', "'use strict'\nconst { Kafka } = require('kafkajs')\n")
  write('src/late.mts', "export const load = () => import('kafkajs')\n")
  write('dist/old.js', "require('kafkajs')")
  write('node_modules/other/index.js', "require('kafkajs')")
  const told = await doctor('--no-connection')

  expect(brief(told)).toEqual([
    'passed src/good.ts:2:1',
    'failed src/late.mts:1:27 ERR_CLI_KAFKAJS_IMPORT',
    'failed src/old.cjs:2:19 ERR_CLI_KAFKAJS_IMPORT',
    'passed @headgate/kafkajs',
  ])
  expect([told.ok, told.exitCode]).toEqual([false, 1])
})

test('dependencies that load kafkajs themselves are found, and are fine where ours has its name', async () => {
  install('@headgate/kafkajs')
  write('package.json', { name: 'shop', dependencies: { '@nestjs/microservices': '12', 'left-pad': '1' } })
  install('@nestjs/microservices', { peerDependencies: { kafkajs: '*' } })
  install('left-pad')
  expect(brief(await doctor('--no-connection'))).toContain('noted @nestjs/microservices 1.2.3')
  install('kafkajs')
  write('src/a.ts', "import { Kafka } from 'kafkajs'\n")
  expect(brief(await doctor('--no-connection'))).toEqual([
    'failed src/a.ts:1:1 ERR_CLI_KAFKAJS_IMPORT',
    'passed @headgate/kafkajs',
    'failed @nestjs/microservices 1.2.3 ERR_CLI_KAFKAJS_IMPORT',
  ])
  write('node_modules/kafkajs/package.json', { name: '@headgate/kafkajs', version: '1.2.3' })
  const aliased = await doctor('--no-connection')
  expect(brief(aliased)).toEqual([
    'passed imports',
    'passed src/a.ts:1:1',
    'passed @headgate/kafkajs',
    'passed @nestjs/microservices 1.2.3',
  ])
  expect(aliased.exitCode).toBe(0)
})

test('a folder without the client, with an old one, or without a manifest is told so', async () => {
  expect(brief(await doctor())).toEqual(['passed imports', 'failed @headgate/kafkajs ERR_CLI_CLIENT_MISSING'])
  install('@headgate/kafkajs')
  expect(brief(await doctor()).at(-1)).toBe('failed @headgate/kafkajs ERR_CLI_CLIENT_MISSING')
  const { exitCode, out } = await service.run('doctor', '--json', 'nowhere')
  expect([exitCode, JSON.parse(out)]).toMatchObject([1, { ok: false, code: 'ERR_CLI_FILE_UNREADABLE' }])
})

test('the client that is installed in the folder tests its own connection, with the environment of the service', async () => {
  const client = `exports.findUnknownVariables = () => [{ name: 'HEADGATE_GATWAY', nearest: 'HEADGATE_GATEWAY' }]
  exports.diagnose = async function* ({ environment }) {
    yield { name: 'configuration', status: 'passed', message: environment.HEADGATE_GATEWAY, facts: {} }
    yield { name: 'gateway', status: 'failed', message: 'no answer', code: 'ERR_KAFKAJS_GATEWAY_UNREACHABLE', facts: {} }
  }`
  install('@headgate/kafkajs', {}, client)
  write('service.env', 'HEADGATE_GATEWAY=https://gateway.example\n')
  const { exitCode, out } = await service.run('doctor', '--env-file', 'service.env')

  expect(exitCode).toBe(1)
  expect(out).toBe(`code
  ✓ imports: no import of kafkajs goes around the gateway, in 0 files
packages
  ✓ @headgate/kafkajs: 1.2.3 is installed
environment
  · HEADGATE_GATWAY: nothing reads it: did you mean HEADGATE_GATEWAY?
connection
  ✓ configuration: https://gateway.example
  ✗ gateway: no answer (ERR_KAFKAJS_GATEWAY_UNREACHABLE)
to mend: gateway
`)
})

test('links are not followed, and what cannot be parsed is left to a person', async () => {
  install('@headgate/kafkajs')
  write('src/broken.ts', "import { from 'kafkajs'\n")
  symlinkSync(service.path, join(service.path, 'src/again'))
  const told = await doctor('--no-connection')

  expect(brief(told)).toEqual(['passed imports', 'noted src/broken.ts', 'passed @headgate/kafkajs'])
  expect(told.exitCode).toBe(0)
})
