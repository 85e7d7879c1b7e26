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

/**
 * Packs every package as it is built, and installs them into a project of their own, with `more` beside them.
 *
 * @param aliases other names under which packages of ours are installed as well, `kafkajs` as `kafkajs` being the client in its place; the
 * folder is laid out as npm does it then
 */
export function createConsumer(
  more: Readonly<Record<string, string>> = {},
  aliases: Readonly<Record<string, string>> = {},
): Consumer {
  const root = mkdtempSync(join(tmpdir(), 'headgate-consumer-'))
  const tarballs = new Map(packageNames().map((name) => [name, pack(name, join(root, name))]))
  const own = Object.fromEntries([...tarballs].map(([name, file]) => [`@headgate/${name}`, `file:${file}`]))
  const folder = join(root, 'project')
  mkdirSync(folder)
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text)
  const aliased = Object.entries(aliases).map(([alias, name]) => [alias, `file:${tarballs.get(name)}`])
  const dependencies = { ...own, '@opentelemetry/api': '^1.9.0', ...more, ...Object.fromEntries(aliased) }
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
