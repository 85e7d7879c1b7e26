import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Consumer, createConsumer } from '../packaging/consumer.ts'
import { packageNames, readManifest } from '../packaging/packages.ts'
import { COMPILERS, NODES, nodePackages, nodeProgram, OLD_NODES } from './versions.ts'

let consumer: Consumer

beforeAll(() => {
  const compilers = COMPILERS.map((version) => [`typescript-${version}`, `npm:typescript@${version}`])
  consumer = createConsumer({
    more: { ...nodePackages([...NODES, ...OLD_NODES]), ...Object.fromEntries(compilers), '@types/node': '22.20.5' },
  })
})
afterAll(() => consumer.remove())

function runsOn(name: string, version: string): boolean {
  const least = readManifest(`packages/${name}`).engines?.['node']?.replace('>=', '') ?? ''
  return least.localeCompare(version, 'en', { numeric: true }) <= 0
}

describe.each(NODES)('on node %s', (version) => {
  const names = packageNames().filter((name) => runsOn(name, version))

  test.each(names)('%s loads by import and by require', (name) => {
    const node = nodeProgram(consumer.folder, version)
    consumer.write(
      'load.mjs',
      `import * as m from '@headgate/${name}'\nconsole.log(process.versions.node, Object.keys(m).length)`,
    )
    consumer.write(
      'load.cjs',
      `const m = require('@headgate/${name}')\nconsole.log(process.versions.node, Object.keys(m).length)`,
    )

    expect(consumer.run(node, '--disable-warning=ExperimentalWarning', 'load.mjs')).toMatch(
      new RegExp(`^${version} [1-9]`),
    )
    expect(consumer.run(node, '--disable-warning=ExperimentalWarning', 'load.cjs')).toMatch(
      new RegExp(`^${version} [1-9]`),
    )
  })
})

describe.each([...NODES, ...OLD_NODES])('the installed command on node %s', (version) => {
  const command = (): string[] => [
    nodeProgram(consumer.folder, version),
    join(consumer.folder, 'node_modules/@headgate/cli/dist/main.js'),
    '--help',
  ]

  test(runsOn('cli', version) ? 'runs' : 'says in one line what it needs, and ends with 1', () => {
    const [node = '', ...args] = command()
    const { status, stdout, stderr } = spawnSync(node, args, { encoding: 'utf8' })
    if (runsOn('cli', version)) return expect([status, stdout]).toEqual([0, expect.stringContaining('gateway')])
    const words = `headgate: it needs Node 24 or newer, and this is ${version}: run it on a newer one (ERR_CLI_NODE_VERSION)`
    return expect({ status, stdout, stderr }).toEqual({ status: 1, stdout: '', stderr: `${words}\n` })
  })
})

describe.each(COMPILERS)('with TypeScript %s', (version) => {
  test('the declarations of every package compile, library checks included, in both formats', () => {
    const imports = packageNames().map((name) => `import * as ${name} from '@headgate/${name}'\nexport { ${name} }`)
    for (const file of ['types.mts', 'types.cts']) consumer.write(file, `${imports.join('\n')}\n`)
    const options = [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--module',
      'nodenext',
      '--moduleResolution',
      'nodenext',
    ]
    const tsc = join(consumer.folder, `node_modules/typescript-${version}/bin/tsc`)

    // Declarations of packages that are not ours may need a newer TypeScript: only ours are looked at.
    const output = compile(tsc, [...options, '--skipLibCheck', 'false', 'types.mts', 'types.cts'])
    expect(output.split('\n').filter((line) => /^types\.|@headgate/.test(line))).toEqual([])
  })
})

/** Runs a compiler and gives what it printed, also where it found errors. */
function compile(tsc: string, args: readonly string[]): string {
  try {
    return consumer.run(process.execPath, tsc, ...args)
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout)
  }
}
