import * as z from 'zod/mini'

/** Turns a check of ours, which tells what is wrong, into the question whether nothing is. */
export const isFine =
  (check: (text: string) => unknown) =>
  (text: string): boolean =>
    check(text) === undefined

/** A list of texts, each checked, that holds something. */
export const names = (check: (text: string) => unknown): z.ZodMiniType<readonly string[]> =>
  z.readonly(z.array(z.string().check(z.refine(isFine(check)))).check(z.minLength(1)))
