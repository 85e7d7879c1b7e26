import type { TestContext } from 'vitest'

/**
 * What some tests need and the README does not ask for: programs, and kafkajs's repository at v2.2.4, which `KAFKAJS_CHECKOUT` names.
 */
export type Part = 'kcat' | 'chromium' | 'kafkajs-checkout'

/** How a skip note begins when a test did not run because a part is not declared. */
export const NOT_RUN = 'not run'

/** Reads the parts that `HEADGATE_TEST_PARTS`, a comma-separated list, declares. */
export function declaredParts(list: string | undefined = process.env['HEADGATE_TEST_PARTS']): string[] {
  return (list ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

/**
 * Ends the calling test as "not run" where the part is not declared.
 *
 * A declared part that is missing is not looked for here: the test goes on, and fails. A test that did not run counts
 * neither as passed nor as failed, and proves no claim. This is the only way to skip: any other skipped test fails.
 *
 * @example
 * test('kcat is refused a topic', async (context) => {
 *   needsPart(context, 'kcat')
 *   …
 * })
 */
export function needsPart(context: TestContext, part: Part): void {
  if (!declaredParts().includes(part)) context.skip(`${NOT_RUN}: ${part} is not declared in HEADGATE_TEST_PARTS`)
}
