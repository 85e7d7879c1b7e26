import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageFolder, packageNames } from './packages.ts'

/** An empty project into which the packed packages are installed. */
export interface Consumer {
  readonly folder: string
  /** Tarballs by package, `core` to its absolute path. */
  readonly tarballs: ReadonlyMap<string, string>
  /** Runs a program of the project and gives what it printed. */
  run(command: string, ...args: string[]): string
  /** Writes a file of the project. */
  write(file: string, text: string): void
  remove(): void
}

function runIn(folder: string, command: string, args: readonly string[]): string {
  return execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function pack(name: string, target: string): string {
  mkdirSync(target)
  runIn(packageFolder(name), 'pnpm', ['pack', '--pack-destination', target])
  const [file = ''] = readdirSync(target)
  return join(target, file)
}

/** Each package comes from its tarball, also where another one asks for it. A flat folder is the layout of npm. */
function workspaceFile(own: Readonly<Record<string, string>>, isFlat: boolean): string {
  const overrides = Object.entries(own).map(([name, file]) => `  '${name}': '${file}'`)
  const layout = isFlat ? ['nodeLinker: hoisted'] : []
  // What others would build while they are installed is not needed.
  return [...layout, 'strictDepBuilds: false', 'overrides:', ...overrides, ''].join('\n')
}

/** What a project installs. */
export interface ConsumerOptions {
  /** Packages of ours that it asks for itself; all of them by default. What these depend on comes along. */
  readonly packages?: readonly string[]
  /** Other packages, with their versions. */
  readonly more?: Readonly<Record<string, string>>
  /**
   * Other names under which packages of ours are installed as well: `kafkajs` as `kafkajs` is the client in its place. The folder is laid
   * out as npm does it then.
   */
  readonly aliases?: Readonly<Record<string, string>>
}

/** Packs every package as it is built, and installs them into a project of their own. */
export function createConsumer({ packages = packageNames(), more = {}, aliases = {} }: ConsumerOptions = {}): Consumer {
  const root = mkdtempSync(join(tmpdir(), 'headgate-consumer-'))
  const tarballs = new Map(packageNames().map((name) => [name, pack(name, join(root, name))]))
  const own = Object.fromEntries([...tarballs].map(([name, file]) => [`@headgate/${name}`, `file:${file}`]))
  const folder = join(root, 'project')
  mkdirSync(folder)
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text)
  const asked = Object.entries(own).filter(([name]) => packages.includes(name.replace('@headgate/', '')))
  const aliased = Object.entries(aliases).map(([alias, name]) => [alias, `file:${tarballs.get(name)}`])
  const dependencies = { ...Object.fromEntries([...asked, ...aliased]), '@opentelemetry/api': '^1.9.0', ...more }
  write('package.json', JSON.stringify({ name: 'consumer', private: true, dependencies }))
  write('pnpm-workspace.yaml', workspaceFile(own, aliased.length > 0))
  runIn(folder, 'pnpm', ['install', '--prefer-offline', '--reporter=append-only', '--loglevel=error'])
  return {
    folder,
    tarballs,
    run: (command, ...args) => runIn(folder, command, args),
    write,
    remove: () => rmSync(root, { recursive: true, force: true }),
  }
}
