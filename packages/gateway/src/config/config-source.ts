import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { SourceProblem } from '@headgate/policy'
import { isAlias, isMap, LineCounter, parseDocument, visit, type YAMLMap } from 'yaml'
import type { ConfigProblemCode } from './config-problem-code.ts'

/** The variables that `{ env: NAME }` reads. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What is wrong at an offset, and how to mend it. */
export interface ConfigProblem {
  readonly offset: number
  readonly code: ConfigProblemCode
  readonly message: string
  readonly mend: string
}

/** One config file while it is read: its text's positions, and the problems found so far. */
export class ConfigSource {
  readonly path: string
  readonly environment: Environment
  readonly #lines = new LineCounter()
  readonly #problems: SourceProblem[] = []
  readonly #noted = new Set<string>()
  readonly #files = new Set<string>()

  constructor(path: string, environment: Environment) {
    this.path = resolve(path)
    this.environment = environment
  }

  /** The config's file, and those that it names and that were looked for; absolute. */
  get files(): readonly string[] {
    return [this.path, ...this.#files]
  }

  /** The problems in the order of the text. */
  get problems(): readonly SourceProblem[] {
    return this.#problems.toSorted((a, b) => a.line - b.line || a.column - b.column)
  }

  /** Notes a problem; the same one at the same place is noted once. */
  add({ offset, code, message, mend }: ConfigProblem): void {
    const identity = JSON.stringify([offset, code, message])
    if (this.#noted.has(identity)) return
    this.#noted.add(identity)
    const { line, col } = this.#lines.linePos(offset)
    this.#problems.push({ path: this.path, line: Math.max(line, 1), column: Math.max(col, 1), code, message, mend })
  }

  /** Makes a path that the config names absolute: relative ones start at the config file's folder. */
  resolvePath(path: string): string {
    return resolve(dirname(this.path), path)
  }

  /** Reads a text file that the config names; a failure is a problem at the offset and gives `undefined`. */
  readNamedFile(path: string, offset: number): string | undefined {
    this.#files.add(this.resolvePath(path))
    try {
      return readFileSync(this.resolvePath(path), 'utf8')
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? 'unknown'
      this.add({
        offset,
        code: 'ERR_GATEWAY_CONFIG_FILE_UNREADABLE',
        message: `file \`${path}\` cannot be read (${reason})`,
        mend: `put it at \`${this.resolvePath(path)}\`, readable by the gateway, or name another`,
      })
      return undefined
    }
  }

  /** Parses the text to its root mapping; without one there is nothing to read, and a problem says why. */
  parse(text: string): YAMLMap | undefined {
    // A stray error message of the parser must not print the line it stands on: prettyErrors stays off.
    const document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: true })
    for (const error of [...document.errors, ...document.warnings]) {
      this.add({
        offset: error.pos[0],
        code: 'ERR_GATEWAY_CONFIG_YAML',
        message: `YAML: ${YAML_MESSAGES[error.code] ?? 'the text cannot be read'}`,
        mend: 'mend the YAML here; quote text that holds special characters',
      })
    }
    visit(document, { Node: (_key, node) => this.#refuseAlias(node) })
    if (isMap(document.contents)) return document.contents
    if (document.errors.length === 0) this.#addNoMapping()
    return undefined
  }

  #refuseAlias(node: unknown): void {
    if (!isAlias(node)) return
    this.add({
      offset: node.range?.[0] ?? 0,
      code: 'ERR_GATEWAY_CONFIG_YAML',
      message: 'YAML: aliases are not read here',
      mend: 'write the value out',
    })
  }

  #addNoMapping(): void {
    this.add({
      offset: 0,
      code: 'ERR_GATEWAY_CONFIG_WRONG_TYPE',
      message: 'the file holds no mapping',
      mend: 'start with `cluster:`',
    })
  }
}

/** Our words for the parser's codes, since its own may quote the text, and the text may hold a secret. */
const YAML_MESSAGES: Readonly<Record<string, string>> = Object.freeze({
  BAD_INDENT: 'the indentation does not fit',
  DUPLICATE_KEY: 'the key stands here twice',
  MISSING_CHAR: 'a character is missing',
  TAB_AS_INDENT: 'a tab is used as indentation',
  MULTIPLE_DOCS: 'the file holds more than one document',
  TAG_RESOLVE_FAILED: 'the tag is not known',
  UNEXPECTED_TOKEN: 'something unexpected stands here',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping starts inside a line that has one already',
  MULTILINE_IMPLICIT_KEY: 'a key goes over more than one line',
})
