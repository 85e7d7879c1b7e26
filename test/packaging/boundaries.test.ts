import { join } from 'node:path'
import { cruise, type ICruiseResult, type IForbiddenRuleType, type IViolation } from 'dependency-cruiser'
import extractTsConfig from 'dependency-cruiser/config-utl/extract-ts-config'
import { expect, test } from 'vitest'
import { ROOT } from '../reporter/fingerprint.ts'
import { packageNames } from './packages.ts'

/** Who may import whom. A package that is missing here may import nothing and be imported by nobody. */
const DIRECTIONS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  compression: ['core'],
  wire: ['compression', 'core'],
  masking: ['core'],
  policy: ['masking', 'core'],
  audit: ['core'],
  kafkajs: ['policy', 'masking', 'audit', 'compression', 'core'],
  gateway: ['policy', 'masking', 'audit', 'wire', 'core'],
  testkit: ['gateway', 'policy', 'core'],
  cli: ['testkit', 'gateway', 'policy', 'audit', 'core'],
}

/** Files of `src` that are not shipped: tests, and what they share. */
const NOT_SHIPPED = [String.raw`\.test\.ts$`, String.raw`-fixture\.ts$`, '/src/testing/']

/** Folders whose functions are pure and synchronous. */
const PURE = ['packages/compression/src', 'packages/wire/src', 'packages/masking/src', 'packages/policy/src/program']

const NETWORK = ['net', 'tls', 'dgram', 'http', 'https', 'http2', 'dns', 'child_process', 'worker_threads', 'cluster']
const OUTSIDE = [...NETWORK, 'fs', 'timers', 'process', 'os']

function nodeModules(names: readonly string[]): string[] {
  return names.map((name) => `^(?:node:)?${name}(?:/|$)`)
}

function directionRules(): IForbiddenRuleType[] {
  return packageNames().map((name) => ({
    name: `${name} imports only what lies below it`,
    severity: 'error',
    from: { path: `^packages/${name}/` },
    to: {
      path: '^(packages|test|examples)/',
      pathNot: `^packages/(${[name, ...(DIRECTIONS[name] ?? [])].join('|')})/`,
    },
  }))
}

const RULES: readonly IForbiddenRuleType[] = [
  ...directionRules(),
  {
    name: 'no cycle at run time',
    severity: 'error',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
  {
    // Under pnpm a forbidden import usually does not resolve at all, and rules about paths then miss it.
    name: 'every import resolves',
    severity: 'error',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'sockets are opened by the gateway and the testkit alone',
    severity: 'error',
    from: { path: '^packages/', pathNot: ['^packages/(gateway|testkit)/', ...NOT_SHIPPED] },
    to: { path: nodeModules(['net', 'tls']), dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'core imports node alone',
    severity: 'error',
    from: { path: '^packages/core/src/', pathNot: [...NOT_SHIPPED] },
    to: { pathNot: '^packages/core/src/', dependencyTypesNot: ['core'] },
  },
  {
    name: 'core opens nothing',
    severity: 'error',
    from: { path: '^packages/core/src/', pathNot: [...NOT_SHIPPED] },
    to: { path: nodeModules(NETWORK) },
  },
  {
    name: 'what decides and what reads bytes touches nothing outside',
    severity: 'error',
    from: { path: PURE.map((folder) => `^${folder}/`), pathNot: [...NOT_SHIPPED] },
    to: { path: nodeModules(OUTSIDE) },
  },
  {
    name: 'kafkajs is loaded by its own folder alone',
    severity: 'error',
    from: { path: '^packages/', pathNot: ['^packages/kafkajs/(src/kafkajs|build/mended)/', ...NOT_SHIPPED] },
    to: { path: 'node_modules/kafkajs/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'shipped code imports no test code',
    severity: 'error',
    from: { path: '^packages/[^/]+/src/', pathNot: [...NOT_SHIPPED] },
    to: { path: NOT_SHIPPED },
  },
  {
    // The client's build has inside what it uses of ours.
    name: 'shipped code imports no development dependency',
    severity: 'error',
    from: { path: '^packages/[^/]+/src/', pathNot: ['^packages/kafkajs/', ...NOT_SHIPPED] },
    to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only', 'npm-peer'] },
  },
  {
    name: 'the client imports no development dependency but our own, which are inside its build',
    severity: 'error',
    from: { path: '^packages/kafkajs/src/', pathNot: [...NOT_SHIPPED] },
    to: {
      dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
      dependencyTypesNot: ['type-only', 'npm-peer'],
      pathNot: '^packages/(policy|masking|core|compression)/',
    },
  },
  {
    name: 'nothing imports the command line',
    severity: 'error',
    from: { path: '^(packages|examples)/', pathNot: '^packages/cli/' },
    to: { path: '^packages/cli/' },
  },
  {
    name: 'the gateway and its client do not know each other',
    severity: 'error',
    from: { path: '^packages/(kafkajs|gateway)/' },
    to: { path: '^packages/(kafkajs|gateway)/', pathNot: '^packages/$1/' },
  },
]

async function cruiseWith(forbidden: readonly IForbiddenRuleType[]): Promise<ICruiseResult> {
  const { output } = await cruise(
    ['packages', 'examples', 'test'],
    {
      baseDir: ROOT,
      validate: true,
      ruleSet: { forbidden: [...forbidden] },
      tsPreCompilationDeps: 'specify',
      doNotFollow: { path: 'node_modules' },
      // Programs for projects of their own, with packages that only these have.
      exclude: {
        path: [
          '^packages/[^/]+/dist/',
          '^test/e2e/packed/.*[.][mc]js$',
          '^(?:packages|examples)/[^/]+/node_modules/\\.cache/',
        ],
      },
      enhancedResolveOptions: {
        conditionNames: ['@headgate/source', 'import', 'require', 'node', 'default'],
        exportsFields: ['exports'],
      },
    },
    {},
    { tsConfig: extractTsConfig(join(ROOT, 'test/tsconfig.json')) },
  )
  return output as ICruiseResult
}

function describeViolation({ rule, from, to, cycle }: IViolation): string {
  const path = cycle === undefined ? to : cycle.map(({ name }) => name).join(' → ')
  return `${rule.name}: ${from} → ${path}`
}

test('imports go only where the layers allow, without a cycle, and all of them resolve', async () => {
  const { summary } = await cruiseWith(RULES)

  expect(summary.totalCruised).toBeGreaterThan(100)
  expect(summary.violations.map(describeViolation)).toEqual([])
})

test('every package has a place among the layers', () => {
  expect(packageNames()).toEqual(Object.keys(DIRECTIONS).sort())
})
