import { buildDocument, type CheckedFile } from './build-document.ts'
import { crossCheck } from './cross-checks.ts'
import { digestDocument, type PolicyDocument } from './document.ts'
import { type PolicyFiles, type ReadPart, readPolicyFiles } from './policy-files.ts'
import type { SourceProblem } from './problem.ts'
import { checkProtections } from './protection-checks.ts'
import { entrySchema, partSchema } from './schema.ts'
import { schemaProblems } from './schema-problems.ts'
import { checkUnmasks } from './unmask-checks.ts'
import type { PolicySource, YamlSource } from './yaml-source.ts'

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
export function parsePolicy(entry: PolicySource, readPart: ReadPart): PolicyParseResult {
  const problems: SourceProblem[] = []
  const files = readPolicyFiles(entry, readPart, problems)
  const readable = files.entry === undefined ? files.parts : [files.entry, ...files.parts]
  const checked = readable.flatMap((file) => checkFile(file, file === files.entry, problems))
  problems.push(...checkProtections(readable), ...crossCheck(readable, files.isWhole))
  if (problems.length === 0) problems.push(...checkRulesExist(files))
  if (problems.length > 0) return { ok: false, problems: inTextOrder(problems, files.paths) }
  const document = buildDocument(checked)
  // It takes a whole policy to know that nothing in it is meant.
  const lost = checkUnmasks(checked, document)
  if (lost.length > 0) return { ok: false, problems: inTextOrder(lost, files.paths) }
  return { ok: true, document, digest: digestDocument(document) }
}

function checkFile(file: YamlSource, isEntry: boolean, problems: SourceProblem[]): CheckedFile[] {
  const result = (isEntry ? entrySchema : partSchema).safeParse(file.value)
  if (result.success) return [{ file, value: result.data }]
  problems.push(...schemaProblems(file, result.error.issues))
  return []
}

/** A policy that denies everything has to say so by `rules: []`; a file that was emptied by accident is none. */
function checkRulesExist({ entry, parts }: PolicyFiles): SourceProblem[] {
  const hasRules = (file: YamlSource): boolean => Object.hasOwn(file.value as object, 'rules')
  if (entry === undefined || [entry, ...parts].some(hasRules)) return []
  const mend = 'add rules, or `rules: []` to deny everything'
  return [{ ...entry.positionOf([]), code: 'ERR_POLICY_MISSING_KEY', message: 'the policy has no `rules`', mend }]
}

function inTextOrder(problems: readonly SourceProblem[], paths: readonly string[]): readonly SourceProblem[] {
  return problems.toSorted(
    (a, b) => paths.indexOf(a.path) - paths.indexOf(b.path) || a.line - b.line || a.column - b.column,
  )
}
