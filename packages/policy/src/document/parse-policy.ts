import type * as z from 'zod'
import { printable } from '../printable.ts'
import { buildDocument, type CheckedFile } from './build-document.ts'
import { crossCheck } from './cross-checks.ts'
import { digestDocument, type PolicyDocument } from './document.ts'
import type { Fault, SourceProblem } from './problem.ts'
import { entrySchema, type PolicyFileSource, partSchema } from './schema.ts'
import { schemaProblems } from './schema-problems.ts'
import { type PolicySource, readYaml, type YamlSource } from './yaml-source.ts'

/** What {@link parsePolicy} gives: a whole policy, or every problem that it has. */
export type PolicyParseResult =
  | { readonly ok: true; readonly document: PolicyDocument; readonly digest: string }
  | { readonly ok: false; readonly problems: readonly SourceProblem[] }

/**
 * Parses a policy: its entry file and the parts that the entry lists.
 *
 * Nothing is thrown for a wrong policy: all problems of all files come back at once, in the order of the text. A part
 * that cannot be read is a problem of the whole policy.
 *
 * @param readPart gives the text of a part by its path as the entry writes it, relative to the entry file; it throws
 * when there is none.
 */
export function parsePolicy(entry: PolicySource, readPart: (path: string) => string): PolicyParseResult {
  const problems: SourceProblem[] = []
  const entryFile = readYaml(entry, problems)
  const parts = entryFile === undefined ? [] : readParts(entryFile, readPart, problems)
  const files = entryFile === undefined ? parts : [entryFile, ...parts]
  const isWhole = entryFile !== undefined && parts.length === listedParts(entryFile).length
  const checked = files.map((file) => checkFile(file, file === entryFile ? entrySchema : partSchema, problems))
  problems.push(...crossCheck(files, isWhole), ...checkRulesExist(files, problems))
  if (problems.length > 0)
    return { ok: false, problems: inTextOrder(problems, [entry.path, ...parts.map((part) => part.path)]) }
  const document = buildDocument(checked.filter((file) => file !== undefined))
  return { ok: true, document, digest: digestDocument(document) }
}

function checkFile(
  file: YamlSource,
  schema: z.ZodType<PolicyFileSource>,
  problems: SourceProblem[],
): CheckedFile | undefined {
  const result = schema.safeParse(file.value)
  if (result.success) return { file, value: result.data }
  problems.push(...schemaProblems(file, result.error.issues))
  return undefined
}

function readParts(entry: YamlSource, readPart: (path: string) => string, problems: SourceProblem[]): YamlSource[] {
  const seen = new Set<string>()
  return listedParts(entry).flatMap((part, index) => {
    if (typeof part !== 'string') return []
    const report = (fault: Fault): void => void problems.push({ ...entry.positionOf(['parts', index]), ...fault })
    const file = readPartFile(entry.path, part, seen, readPart, problems, report)
    return file === undefined ? [] : [file]
  })
}

function listedParts(entry: YamlSource): readonly unknown[] {
  const listed = (entry.value as { parts?: unknown } | null)?.parts
  return Array.isArray(listed) ? listed : []
}

function readPartFile(
  entryPath: string,
  part: string,
  seen: Set<string>,
  readPart: (path: string) => string,
  problems: SourceProblem[],
  report: (fault: Fault) => void,
): YamlSource | undefined {
  const fault = checkPartPath(part) ?? (seen.has(part) ? partFault(part, 'is listed twice', 'list it once') : undefined)
  if (fault !== undefined) {
    report(fault)
    return undefined
  }
  seen.add(part)
  try {
    return readYaml({ path: besideEntry(entryPath, part), text: readPart(part) }, problems)
  } catch (error) {
    const code = String((error as { code?: unknown } | null)?.code ?? 'no code')
    report(partFault(part, `cannot be read (${printable(code)})`, 'add the file or remove it from `parts`'))
    return undefined
  }
}

function checkPartPath(part: string): Fault | undefined {
  const steps = part.split('/')
  if (/^[\w.-]+(\/[\w.-]+)*$/.test(part) && !steps.includes('..') && !steps.includes('.')) return undefined
  return partFault(
    part,
    'is no path below the entry file',
    'write a path such as `payments.yaml` or `teams/payments.yaml`',
  )
}

function partFault(part: string, what: string, mend: string): Fault {
  return { code: 'ERR_POLICY_PART', message: `the part \`${printable(part)}\` ${what}`, mend }
}

function besideEntry(entryPath: string, part: string): string {
  return entryPath.slice(0, Math.max(entryPath.lastIndexOf('/'), entryPath.lastIndexOf('\\')) + 1) + part
}

/** An empty policy denies everything; that has to be said by `rules: []`, and must not happen by an empty file. */
function checkRulesExist(files: readonly YamlSource[], problems: readonly SourceProblem[]): SourceProblem[] {
  const [entry] = files
  const hasRules = (value: unknown): boolean => typeof value === 'object' && value !== null && 'rules' in value
  if (entry === undefined || problems.length > 0 || files.some((file) => hasRules(file.value))) return []
  const message = 'the policy has no `rules`'
  return [
    {
      ...entry.positionOf([]),
      code: 'ERR_POLICY_MISSING_KEY',
      message,
      mend: 'add rules, or `rules: []` to deny everything',
    },
  ]
}

function inTextOrder(problems: readonly SourceProblem[], paths: readonly string[]): readonly SourceProblem[] {
  const keyed = problems.map((problem) => ({ problem, file: paths.indexOf(problem.path) }))
  keyed.sort((a, b) => a.file - b.file || a.problem.line - b.problem.line || a.problem.column - b.problem.column)
  return keyed.map(({ problem }) => problem)
}
