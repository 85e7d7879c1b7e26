import { join } from 'node:path'
import ts from 'typescript'
import { ROOT } from '../reporter/fingerprint.ts'

/** `Kafka` takes more options here, and has more methods: programs for kafkajs's compile, which is another test. */
const OURS: ReadonlySet<string> = new Set(['Kafka', 'KafkaConfig'])

interface ExportedName {
  readonly name: string
  readonly isType: boolean
  readonly isValue: boolean
  readonly parameters: number
}

function exportedNames(): ExportedName[] {
  const file = join(ROOT, 'packages/kafkajs/node_modules/kafkajs/types/index.d.ts')
  const program = ts.createProgram([file], { types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] })
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(file)
  const module = source && checker.getSymbolAtLocation(source)
  if (module === undefined) throw new Error(`${file}: no module`)
  return checker.getExportsOfModule(module).map((symbol) => ({
    name: symbol.name,
    isType: (symbol.flags & ts.SymbolFlags.Type) !== 0,
    isValue: (symbol.flags & ts.SymbolFlags.Value) !== 0,
    parameters: (symbol.declarations ?? []).reduce(
      (most, declaration) =>
        Math.max(most, (declaration as { typeParameters?: { length: number } }).typeParameters?.length ?? 0),
      0,
    ),
  }))
}

/** A program that compiles only where every name that kafkajs declares is the very same type when it is imported from this package. */
export function sameTypesProgram(): string {
  const lines = [
    `import type * as plain from 'kafkajs'`,
    `import type * as ours from '@headgate/kafkajs'`,
    'type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false',
    'type Fits<A, B> = A extends B ? true : false',
  ]
  for (const { name, isType, isValue, parameters } of exportedNames()) {
    const given = parameters === 0 ? '' : `<${Array.from({ length: parameters }, () => 'string').join(', ')}>`
    if (OURS.has(name)) continue
    if (isType) lines.push(`export const type${name}: Same<plain.${name}${given}, ours.${name}${given}> = true`)
    if (isValue) lines.push(`export const value${name}: Same<typeof plain.${name}, typeof ours.${name}> = true`)
  }
  lines.push('export const kafka: Fits<ours.Kafka, plain.Kafka> = true')
  lines.push('export const config: Fits<plain.KafkaConfig, ours.KafkaConfig> = true')
  return `${lines.join('\n')}\n`
}
