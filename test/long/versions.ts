import { join } from 'node:path'

/** The least Node of each line, and its newest. */
export const NODES: readonly string[] = ['22.15.0', '22.23.3', '24.0.0', '24.21.0', '26.10.0']
/** Lines that the client does not run on, and says so. */
export const OLD_NODES: readonly string[] = ['18.20.8', '20.20.2']
export const COMPILERS: readonly string[] = ['5.0.4', '5.9.3', '6.0.3', '7.0.2']

const PLATFORM = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
const PROGRAM = process.platform === 'win32' ? 'bin/node.exe' : 'bin/node'

/** The packages that bring each Node, by the name that they are installed under. */
export function nodePackages(versions: readonly string[] = NODES): Readonly<Record<string, string>> {
  return Object.fromEntries(versions.map((version) => [`node-${version}`, `npm:node-${PLATFORM}@${version}`]))
}

/** The program of one of them, in the folder of a project. */
export function nodeProgram(folder: string, version: string): string {
  return join(folder, `node_modules/node-${version}`, PROGRAM)
}
