import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Manifest, packageFolder, packageNames } from './packages.ts'

const ALLOWED =
  /^package\/(?:package\.json|README\.md|LICENSE|NOTICE|dist\/[\w.-]+\.(?:js|cjs|d\.ts|d\.cts|map|LICENSE)|dist\/.*\.wasm)$/

let folder: string
const tarballs = new Map<string, string>()

function run(command: string, args: readonly string[], cwd: string): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function pack(name: string): string {
  const target = join(folder, name)
  mkdirSync(target)
  run('pnpm', ['pack', '--pack-destination', target], packageFolder(name))
  const [file = ''] = readdirSync(target)
  return join(target, file)
}

/** Installs the tarballs, each other's dependencies among them, into a project of its own. */
function installAll(project: string): void {
  mkdirSync(project)
  const own = Object.fromEntries([...tarballs].map(([name, file]) => [`@headgate/${name}`, `file:${file}`]))
  const dependencies = { ...own, '@opentelemetry/api': '^1.9.0' }
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'consumer', private: true, dependencies }))
  const overrides = Object.entries(own).map(([name, file]) => `  '${name}': '${file}'`)
  writeFileSync(join(project, 'pnpm-workspace.yaml'), ['overrides:', ...overrides, ''].join('\n'))
  run('pnpm', ['install', '--prefer-offline', '--reporter=append-only', '--loglevel=error'], project)
}

function runProgram(file: string, text: string): unknown {
  writeFileSync(join(folder, 'consumer', file), text)
  return JSON.parse(run(process.execPath, [file], join(folder, 'consumer')))
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headgate-tarballs-'))
  for (const name of packageNames()) tarballs.set(name, pack(name))
  installAll(join(folder, 'consumer'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each(packageNames())('the tarball of %s holds what is built, and neither sources nor tests', (name) => {
  const files = run('tar', ['-tzf', tarballs.get(name) ?? ''], folder)
    .trim()
    .split('\n')

  expect(files.filter((file) => !ALLOWED.test(file))).toEqual([])
  expect(files).toEqual(expect.arrayContaining(['package/package.json', 'package/README.md', 'package/LICENSE']))
})

test.each(packageNames())('the manifest in the tarball of %s names versions, not the workspace', (name) => {
  const manifest = JSON.parse(
    run('tar', ['-xzOf', tarballs.get(name) ?? '', 'package/package.json'], folder),
  ) as Manifest
  const ranges = Object.values({ ...manifest.dependencies, ...manifest.peerDependencies })

  expect(ranges.filter((range) => !/^\^?\d+\.\d+\.\d+$/.test(range))).toEqual([])
})

test.each(packageNames())('%s gives the same names to import and to require', (name) => {
  const list =
    'console.log(JSON.stringify(Object.keys(m).filter((n) => n !== "default" && n !== "module.exports").sort()))'
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

test('the installed command answers', () => {
  const bin = join(folder, 'consumer/node_modules/.bin/headgate')

  expect(existsSync(bin)).toBe(true)
  expect(readFileSync(bin, 'utf8').length).toBeGreaterThan(0)
  expect(run(bin, ['--help'], join(folder, 'consumer'))).toContain('gateway')
})
