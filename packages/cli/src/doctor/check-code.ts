import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { countWords } from '../count-words.ts'
import type { Check } from './check.ts'
import { dependencyNames, findInstalled, readManifest } from './installed-package.ts'
import { findKafkajsImports, type ImportKind, type Parser } from './kafkajs-imports.ts'
import { listSourceFiles } from './source-files.ts'

export const CLIENT = '@headgate/kafkajs'
const SHIPPED = ['dependencies', 'optionalDependencies']
const LOADED = [...SHIPPED, 'peerDependencies']
const ALIAS = '"kafkajs": "npm:@headgate/kafkajs@…" in package.json puts it in the place of kafkajs everywhere'

/** Where `kafkajs` is our package under an alias, every import of it is right. */
function isAliased(folder: string): boolean {
  return findInstalled(folder, 'kafkajs')?.name === CLIENT
}

function importCheck(place: string, kind: ImportKind, aliased: boolean): Check {
  const check = { area: 'code', what: place } as const
  if (kind === 'type') return { ...check, status: 'passed', message: 'imports types of `kafkajs` alone: that is fine' }
  if (aliased) return { ...check, status: 'passed', message: `${kind} of \`kafkajs\`, which is ${CLIENT} here` }
  if (kind === 'mock') {
    return { ...check, status: 'noted', message: `a mock of \`kafkajs\`: mock \`${CLIENT}\`, which is what is loaded` }
  }
  const message = `${kind} of \`kafkajs\` goes around the gateway: write \`${CLIENT}\` in its place`
  return { ...check, status: 'failed', code: 'ERR_CLI_KAFKAJS_IMPORT', message }
}

function checkFile(parser: Parser, folder: string, path: string, aliased: boolean): readonly Check[] {
  const text = readFileSync(path, 'utf8')
  if (!text.includes('kafkajs')) return []
  const name = relative(folder, path)
  const found = findKafkajsImports(parser, name, text)
  if (found === undefined) {
    const message = 'names kafkajs, and could not be parsed: look at it yourself'
    return [{ area: 'code', status: 'noted', what: name, message }]
  }
  return found.map(({ kind, line, column }) => importCheck(`${name}:${line}:${column}`, kind, aliased))
}

/** Looks for imports of kafkajs in the files of a service. */
export function checkCode(parser: Parser, folder: string): readonly Check[] {
  const aliased = isAliased(folder)
  const files = listSourceFiles(folder)
  const checks = files.flatMap((path) => checkFile(parser, folder, path, aliased))
  if (checks.some(({ status }) => status === 'failed')) return checks
  const message = `no import of kafkajs goes around the gateway, in ${countWords(files.length, 'file')}`
  return [{ area: 'code', status: 'passed', what: 'imports', message }, ...checks]
}

function dependencyCheck(folder: string, name: string, aliased: boolean): readonly Check[] {
  const installed = findInstalled(folder, name)
  if (installed === undefined || name === 'kafkajs' || installed.name === CLIENT) return []
  if (!dependencyNames(installed.manifest, LOADED).includes('kafkajs')) return []
  const own = findInstalled(installed.folder, 'kafkajs')
  const check = { area: 'packages', what: `${name} ${installed.version}` } as const
  if (own === undefined) return [{ ...check, status: 'noted', message: 'would load `kafkajs`, which is not installed' }]
  if (aliased && own.name === CLIENT) {
    return [{ ...check, status: 'passed', message: `loads \`kafkajs\`, which is ${CLIENT} ${own.version} here` }]
  }
  const message = `loads \`kafkajs\` itself, around the gateway: ${ALIAS}`
  return [{ ...check, status: 'failed', code: 'ERR_CLI_KAFKAJS_IMPORT', message }]
}

/** Looks at what a service has installed: our client, and dependencies that load kafkajs themselves. */
export function checkPackages(folder: string): readonly Check[] {
  const manifest = readManifest(folder)
  const aliased = isAliased(folder)
  const client = findInstalled(folder, CLIENT) ?? (aliased ? findInstalled(folder, 'kafkajs') : undefined)
  const own: Check =
    client === undefined
      ? {
          ...{ area: 'packages', status: 'failed', what: CLIENT, code: 'ERR_CLI_CLIENT_MISSING' },
          message: `it is not installed here: run \`npm install ${CLIENT}\``,
        }
      : { area: 'packages', status: 'passed', what: CLIENT, message: `${client.version} is installed` }
  return [own, ...dependencyNames(manifest, SHIPPED).flatMap((name) => dependencyCheck(folder, name, aliased))]
}
