import type { Node } from 'oxc-parser'

/** How a file names kafkajs. */
export type ImportKind = 'import' | 'require' | 'dynamic import' | 're-export' | 'mock' | 'type'

/** One place of a file that names kafkajs. */
export interface KafkajsImport {
  readonly kind: ImportKind
  readonly line: number
  readonly column: number
}

/** What of the parser is used; loaded by this command alone. */
export type Parser = Pick<typeof import('oxc-parser'), 'parseSync' | 'Visitor'>

const KAFKAJS = /^kafkajs(?:\/|$)/
/** Methods of test runners that put a mock in a module's place. */
const MOCKS: ReadonlySet<string> = new Set(['mock', 'doMock', 'unstable_mockModule', 'importActual', 'requireActual'])

type Call = Extract<Node, { readonly type: 'CallExpression' }>

function isKafkajs(source: unknown): boolean {
  const value = (source as { readonly value?: unknown } | null | undefined)?.value
  return typeof value === 'string' && KAFKAJS.test(value)
}

function callKind({ callee }: Call): ImportKind | undefined {
  if (callee.type === 'Identifier') return callee.name === 'require' ? 'require' : undefined
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return undefined
  if (callee.object.type === 'Identifier' && callee.object.name === 'require') return 'require'
  return MOCKS.has(callee.property.name) ? 'mock' : undefined
}

/** Whether all that is named are types, so that nothing is left of it at run time. */
function isTypeOnly(kind: string | null | undefined, specifiers: readonly object[]): boolean {
  if (kind === 'type') return true
  const kindOf = (specifier: object): unknown =>
    'importKind' in specifier ? specifier.importKind : 'exportKind' in specifier ? specifier.exportKind : undefined
  return specifiers.length > 0 && specifiers.every((specifier) => kindOf(specifier) === 'type')
}

/**
 * Finds every place of a file that names kafkajs: imports of all kinds, re-exports, `require`, mocks and types; what only looks so,
 * in a comment or a text, is none.
 *
 * @param path decides by its ending how the text is read: TypeScript, JSX, module or script
 * @returns nothing where the text cannot be parsed
 */
export function findKafkajsImports(parser: Parser, path: string, text: string): readonly KafkajsImport[] | undefined {
  const { program, errors } = parser.parseSync(path, text)
  if (errors.length > 0 && program.body.length === 0) return undefined
  const found: { readonly kind: ImportKind; readonly start: number }[] = []
  const note = (kind: ImportKind, { start }: { readonly start: number }): void => void found.push({ kind, start })
  new parser.Visitor({
    ImportDeclaration: (node) => {
      if (isKafkajs(node.source)) note(isTypeOnly(node.importKind, node.specifiers) ? 'type' : 'import', node)
    },
    ExportAllDeclaration: (node) => {
      if (isKafkajs(node.source)) note(isTypeOnly(node.exportKind, []) ? 'type' : 're-export', node)
    },
    ExportNamedDeclaration: (node) => {
      if (isKafkajs(node.source)) note(isTypeOnly(node.exportKind, node.specifiers) ? 'type' : 're-export', node)
    },
    TSImportEqualsDeclaration: (node) => {
      const { moduleReference: reference, importKind } = node
      if (reference.type !== 'TSExternalModuleReference' || !isKafkajs(reference.expression)) return
      note(isTypeOnly(importKind, []) ? 'type' : 'require', node)
    },
    TSImportType: (node) => {
      if (isKafkajs(node.source)) note('type', node)
    },
    ImportExpression: (node) => {
      if (isKafkajs(node.source)) note('dynamic import', node)
    },
    CallExpression: (node) => {
      const kind = isKafkajs(node.arguments[0]) ? callKind(node) : undefined
      if (kind !== undefined) note(kind, node)
    },
  }).visit(program)
  return found.sort((a, b) => a.start - b.start).map(({ kind, start }) => ({ kind, ...placeOf(text, start) }))
}

function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
}
