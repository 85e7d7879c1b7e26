import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listFiles, ROOT } from '../reporter/fingerprint.ts'
import { packageNames, readManifest } from './packages.ts'

const TOP_LEVEL = [
  'LICENSE',
  'NOTICE',
  'README.md',
  'docs',
  'examples',
  'package.json',
  'packages',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  'test',
  'tsconfig.json',
]

// Written so that no line of this file is one that it looks for.
const MACHINE_PATH = /(?<![\w./-])\/(?:root|work|Users\/\w+|home\/\w+)\/[\w.]|\b[A-Z]:\\Users\\/
const REGISTRY = new RegExp(
  ['registry\\.npmjs', 'repo1?\\.maven', 'pypi\\.org', 'crates\\.io', 'proxy\\.golang', 'deb\\.debian'].join('|'),
)
const TEXT = /\.(?:ts|mts|cts|mjs|cjs|js|json|jsonc|md|ya?ml|sh|java|xml|properties)$|\/run$|\/\.[a-z]+$/

function filesWith(pattern: RegExp): string[] {
  return listFiles()
    .filter((file) => TEXT.test(file) && file !== 'test/packaging/tree.test.ts')
    .flatMap((file) => {
      const lines = readText(file).split('\n')
      const index = lines.findIndex((line) => pattern.test(line))
      return index === -1 ? [] : [`${file}:${index + 1}`]
    })
}

function readText(file: string): string {
  try {
    return readFileSync(join(ROOT, file), 'utf8')
  } catch {
    return ''
  }
}

test('the top level shows what is agreed, and nothing else', () => {
  const shown = new Set(listFiles().map((file) => file.split('/')[0] ?? ''))

  expect([...shown].filter((name) => !name.startsWith('.')).sort()).toEqual(TOP_LEVEL)
})

test('no file names a path of somebody’s machine', () => {
  expect(filesWith(MACHINE_PATH)).toEqual([])
})

test('no file names the host of a registry', () => {
  expect(filesWith(REGISTRY)).toEqual([])
  expect(readText('pnpm-lock.yaml')).not.toMatch(/https?:\/\/(?!github\.com)/)
})

test('the root has the scripts that the README speaks of, each one command', () => {
  const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> }

  expect(Object.keys(scripts).sort()).toEqual([
    'bench',
    'build',
    'check',
    'claims',
    'demo',
    'gen',
    'setup',
    'test',
    'test:long',
    'test:unit',
  ])
  for (const command of Object.values(scripts))
    expect(command).toMatch(/^node \.ci\/steps\.mjs (?:prerequisites )?install/)
})

test('every package is part of the build of types', () => {
  const { references } = JSON.parse(readText('tsconfig.json')) as { references: { path: string }[] }

  expect(references.map(({ path }) => path).sort()).toEqual([
    ...packageNames().map((name) => `packages/${name}`),
    'test',
  ])
})

test('every dependency has a page in docs/decisions', () => {
  const pages = listFiles(['docs/decisions']).map(readText)
  const owners = ['.', 'test', ...packageNames().map((name) => `packages/${name}`), ...exampleFolders()]
  const missing = new Set<string>()
  for (const { dependencies, devDependencies, peerDependencies, optionalDependencies } of owners.map(readManifest)) {
    const all = { ...dependencies, ...devDependencies, ...peerDependencies, ...optionalDependencies }
    for (const name of Object.keys(all))
      if (!name.startsWith('@headgate/') && !isExplained(name, pages)) missing.add(name)
  }

  expect([...missing].sort()).toEqual([])
})

function exampleFolders(): string[] {
  return listFiles(['examples/*/package.json']).map((file) => file.replace('/package.json', ''))
}

/** A page explains a dependency when its title, or its first paragraph in bold or as code, names it. */
function isExplained(name: string, pages: readonly string[]): boolean {
  const literal = name.replace(/[/.]/g, '\\$&')
  const inTitle = new RegExp(String.raw`^# .*(?<![\w@/-])${literal}(?![\w/-])`, 'im')
  return pages.some((page) => {
    const [title = '', paragraph = ''] = page.split('\n\n')
    return inTitle.test(title) || paragraph.includes(`**${name}**`) || paragraph.includes(`\`${name}\``)
  })
}

test('pages in docs/decisions have numbers of their own, and titles that bear them', () => {
  const pages = listFiles(['docs/decisions'])
  const numbers = pages.map((file) => /^docs\/decisions\/(\d{4})-[a-z0-9-]+\.md$/.exec(file)?.[1] ?? file)
  const untitled = pages.filter((file, index) => !readText(file).startsWith(`# ${numbers[index]}: `))

  expect(numbers).toEqual([...new Set(numbers)])
  expect(untitled).toEqual([])
})
