import { join } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { ROOT } from '../reporter/fingerprint.ts'
import { sameTypesProgram } from './kafkajs-types.ts'
import { createProgram, formatDiagnostic } from './typescript-program.ts'

/** It compiles every source that the client is made of; a busy machine takes its time. */
const COMPILER_MS = 180_000

function problemsOf(text: string): string[] {
  const program = createProgram([], new Map([[join(ROOT, 'test/same-types.ts'), text]]))
  return ts.getPreEmitDiagnostics(program).map(formatDiagnostic)
}

test(
  'every type and value that kafkajs declares is the very same one here [client-drop-in]',
  () => {
    const text = sameTypesProgram()
    // `KafkaConfig` is wider here: a check that took it for the same would take anything.
    const wrong = 'export const wrong: Same<plain.KafkaConfig, ours.KafkaConfig> = true\n'

    expect(text.match(/^export const type/gm)?.length).toBeGreaterThan(140)
    expect(text.match(/^export const value/gm)?.length).toBeGreaterThan(30)
    expect(problemsOf(`${text}${wrong}`)).toEqual([expect.stringContaining(`:${text.split('\n').length}: Type 'true'`)])
  },
  COMPILER_MS,
)
