import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listFiles, ROOT } from '../reporter/fingerprint.ts'
import { packageFolder, packageNames, readManifest } from './packages.ts'
import { isShipped } from './shipped.ts'

/** Least Node: what a service installs runs on the older line, what runs alone may ask for the newer one. */
const NODE: Readonly<Record<string, string>> = { gateway: '>=24.0.0', testkit: '>=24.0.0', cli: '>=24.0.0' }

const ENTRY = {
  '@headgate/source': './src/index.ts',
  import: { types: './dist/index.d.ts', default: './dist/index.js' },
  require: { types: './dist/index.d.cts', default: './dist/index.cjs' },
}

function namedFiles(value: unknown): string[] {
  if (typeof value === 'string') return value.startsWith('./') ? [value] : []
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(namedFiles) : []
}

test.each(packageNames())('%s has the manifest of the house', (name) => {
  const manifest = readManifest(`packages/${name}`)

  expect(manifest).toMatchObject({
    name: `@headgate/${name}`,
    version: readManifest('packages/core').version,
    license: 'Apache-2.0',
    type: 'module',
    engines: { node: NODE[name] ?? '>=22.15.0' },
    exports: { '.': ENTRY, './package.json': './package.json' },
  })
  expect(manifest.files?.filter((file) => !file.endsWith('.schema.json'))).toEqual(['dist'])
  expect(manifest.private).toBeUndefined()
  expect(manifest.description).toMatch(/^[A-Z].{20,}[^.]$/)
})

test.each(packageNames())('every file that the manifest of %s names is there after a build', (name) => {
  const { exports, bin, main, types } = readManifest(`packages/${name}`)
  const missing = namedFiles({ exports, bin, main, types }).filter(
    (file) => !existsSync(join(packageFolder(name), file)),
  )

  expect(missing).toEqual([])
})

test.each(packageNames())('%s asks for exact versions, of its own kind from the workspace', (name) => {
  const { dependencies = {} } = readManifest(`packages/${name}`)
  const loose = Object.entries(dependencies).filter(([dependency, range]) =>
    dependency.startsWith('@headgate/') ? range !== 'workspace:*' : !/^(?:catalog:|\d+\.\d+\.\d+)$/.test(range),
  )

  expect(loose).toEqual([])
})

test.each(packageNames())('the references of %s are its dependencies of our own kind', (name) => {
  // Those of development are inside the build of the one that names them.
  const { dependencies = {}, devDependencies = {} } = readManifest(`packages/${name}`)
  const config = JSON.parse(readFileSync(join(packageFolder(name), 'tsconfig.json'), 'utf8')) as {
    references?: { path: string }[]
  }
  const referenced = (config.references ?? []).map(({ path }) => path.replace('../', '@headgate/'))

  expect(referenced.sort()).toEqual(
    Object.keys({ ...dependencies, ...devDependencies })
      .filter((key) => key.startsWith('@headgate/'))
      .sort(),
  )
})

test('a version that sources name is that of their package', () => {
  const named = listFiles(['packages'])
    .filter((file) => isShipped(file) && existsSync(join(ROOT, file)))
    .flatMap((file) => {
      const found = /\bVERSION(?:: string)? = '(\d+\.\d+\.\d+[^']*)'/.exec(readFileSync(join(ROOT, file), 'utf8'))
      return found === null ? [] : [{ file, version: found[1] }]
    })
  const wrong = named.filter(({ file, version }) => {
    const [, name = ''] = /^packages\/([^/]+)\//.exec(file) ?? []
    return version !== readManifest(`packages/${name}`).version
  })

  expect(wrong).toEqual([])
})
