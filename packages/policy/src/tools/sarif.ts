import type { SourceProblem } from '../document/problem.ts'

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json'

/**
 * Problems as SARIF 2.1.0, which code hosts show beside the lines of a pull request.
 *
 * @param rules what each code means
 */
export function sarifOf(
  problems: readonly SourceProblem[],
  level: 'warning' | 'error',
  rules: Readonly<Record<string, string>> = {},
): object {
  const codes = [...new Set(problems.map(({ code }) => code))].sort()
  const described = codes.map((id) => ({ id, shortDescription: { text: rules[id] ?? id } }))
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'headgate', rules: described } },
        results: problems.map(({ path, line, column, code, message, mend }) => ({
          ruleId: code,
          ruleIndex: codes.indexOf(code),
          level,
          message: { text: `${message}; ${mend}` },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: path.split('\\').join('/').split('/').map(encodeURIComponent).join('/') },
                region: { startLine: line, startColumn: column },
              },
            },
          ],
        })),
        columnKind: 'utf16CodeUnits',
      },
    ],
  }
}
