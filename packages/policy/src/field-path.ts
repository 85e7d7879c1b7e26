import { parseSelector, selectedPaths } from '@headgate/masking'

/** The steps of one path that a selector selects: names in their escaped form, and `*` for any. */
export type FieldPath = readonly string[]

/** Takes a path apart, written as a selector: an escaped `/` is part of a name. */
export function stepsOf(path: string): FieldPath {
  return path.match(/(?:\\.|[^\\/])+/gs) ?? []
}

/** Every path that a selector selects; the text itself where it is none. */
export function fieldPathsOf(selector: string): readonly string[] {
  const result = parseSelector(selector)
  return result.ok ? selectedPaths(result.selector.root) : [selector]
}

/** Whether all that `path` selects lies at or below what `above` selects. */
export function coversPath(above: FieldPath, path: FieldPath): boolean {
  return above.every((step, index) => path[index] !== undefined && (step === '*' || step === path[index]))
}

/** Whether something that `above` selects can be, or hold, something that `path` selects. */
export function mayHold(above: FieldPath, path: FieldPath): boolean {
  return above.length <= path.length && mayMeet(above, path)
}

/** Whether something that one path selects can be, hold, or lie in something that the other selects. */
export function mayMeet(one: FieldPath, other: FieldPath): boolean {
  return one.every((step, index) => {
    const match = other[index]
    return match === undefined || step === match || step === '*' || match === '*'
  })
}
