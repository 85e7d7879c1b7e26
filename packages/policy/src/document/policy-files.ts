import { printable } from '../printable.ts'
import type { Fault, SourceProblem } from './problem.ts'
import { type PolicySource, readYaml, type YamlSource } from './yaml-source.ts'

/** Gives the text of a part by its path as the entry writes it; throws when there is none. */
export type ReadPart = (path: string) => string

/** The files of a policy that could be read. */
export interface PolicyFiles {
  readonly entry: YamlSource | undefined
  readonly parts: readonly YamlSource[]
  /** The paths of all files, readable or not, in the order in which the policy names them. */
  readonly paths: readonly string[]
  /** Whether every file could be read. */
  readonly isWhole: boolean
}

/** Reads the entry file of a policy and the parts that it lists; what is wrong is added to `problems`. */
export function readPolicyFiles(entry: PolicySource, readPart: ReadPart, problems: SourceProblem[]): PolicyFiles {
  const entryFile = readYaml(entry, problems)
  if (entryFile === undefined) return { entry: undefined, parts: [], paths: [entry.path], isWhole: false }
  const listed = listedParts(entryFile)
  const parts = listed.flatMap((part, index) => {
    const report = (fault: Fault): void => void problems.push({ ...entryFile.positionOf(['parts', index]), ...fault })
    const source = readSource(entry.path, part, listed.indexOf(part) < index, readPart, report)
    const file = source === undefined ? undefined : readYaml(source, problems)
    return file === undefined ? [] : [file]
  })
  const paths = [entry.path, ...listed.map((part) => besideEntry(entry.path, String(part)))]
  return { entry: entryFile, parts, paths, isWhole: parts.length === listed.length }
}

function listedParts(entry: YamlSource): readonly unknown[] {
  const listed = (entry.value as { parts?: unknown } | null)?.parts
  return Array.isArray(listed) ? listed : []
}

function readSource(
  entryPath: string,
  part: unknown,
  isRepeated: boolean,
  readPart: ReadPart,
  report: (fault: Fault) => void,
): PolicySource | undefined {
  if (typeof part !== 'string') return undefined
  const fault = checkPartPath(part) ?? (isRepeated ? partFault(part, 'is listed twice', 'list it once') : undefined)
  if (fault !== undefined) {
    report(fault)
    return undefined
  }
  try {
    return { path: besideEntry(entryPath, part), text: readPart(part) }
  } catch (error) {
    const code = printable(String((error as { code?: unknown } | null)?.code ?? 'no reason given'))
    report(partFault(part, `cannot be read (${code})`, 'add the file or remove it from `parts`'))
    return undefined
  }
}

const PART_PATH = /^[\w.-]+(\/[\w.-]+)*$/
const PART_MEND = 'write a path below the entry file, such as `payments.yaml` or `teams/payments.yaml`'

function checkPartPath(part: string): Fault | undefined {
  if (PART_PATH.test(part) && !part.split('/').some((step) => step === '..' || step === '.')) return undefined
  return partFault(part, 'is no path below the entry file', PART_MEND)
}

function partFault(part: string, what: string, mend: string): Fault {
  return { code: 'ERR_POLICY_PART', message: `the part \`${printable(part)}\` ${what}`, mend }
}

function besideEntry(entryPath: string, part: string): string {
  return entryPath.slice(0, Math.max(entryPath.lastIndexOf('/'), entryPath.lastIndexOf('\\')) + 1) + part
}
