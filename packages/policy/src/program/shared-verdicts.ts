import type { NameEntry } from './name-index.ts'
import type { NameVerdict } from './name-verdict.ts'
import type { SelectorFacts } from './resource-table.ts'

interface Step {
  readonly next: Map<NameEntry<SelectorFacts>, Step>
  verdict: NameVerdict | undefined
}

const MAX_STEPS = 8192

/**
 * Verdicts by the selectors that match: names that the same ones match have one verdict. In bounded space, since clients
 * choose the names, and so the sets.
 */
export class SharedVerdicts {
  #root: Step = { next: new Map(), verdict: undefined }
  #steps = 0

  /**
   * The verdict of what these entries match.
   *
   * @param entries in an order that depends on nothing but the name
   */
  of(entries: readonly NameEntry<SelectorFacts>[], workOut: () => NameVerdict): NameVerdict {
    if (this.#steps > MAX_STEPS) {
      this.#root = { next: new Map(), verdict: undefined }
      this.#steps = 0
    }
    let step = this.#root
    for (const entry of entries) {
      let next = step.next.get(entry)
      if (next === undefined) {
        next = { next: new Map(), verdict: undefined }
        step.next.set(entry, next)
        this.#steps += 1
      }
      step = next
    }
    step.verdict ??= workOut()
    return step.verdict
  }
}
