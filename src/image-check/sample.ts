// Counts without keeping everything: how many, and the first few.
import type { Sample } from './facts.ts'

const KEPT = 20

export class Sampler<T> {
  #count = 0
  readonly #first: T[] = []

  add(one: T): void {
    if (this.#count++ < KEPT) this.#first.push(one)
  }

  get sample(): Sample<T> {
    return { count: this.#count, first: [...this.#first] }
  }
}
