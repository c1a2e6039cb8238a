// The times of the horizons of a fleet: most series share theirs, so each list of times is held once.
import { createIndexArray, type IndexArray } from '../../statistics/percentile.ts'

/** Times of series: numbers of times, ascending, one for each value of a series. */
export class SeriesTimes {
  readonly lists: readonly IndexArray[]
  /** By series. */
  readonly listOf: Int32Array

  constructor(lists: readonly IndexArray[], listOf: Int32Array) {
    this.lists = lists
    this.listOf = listOf
  }

  of(series: number): IndexArray {
    return this.lists[this.listOf[series]!]!
  }
}

export interface FleetTimes {
  readonly periods: SeriesTimes
  /** Every time, milliseconds UTC, ascending. */
  readonly times: Float64Array
}

/** So many lists are compared with each other; more stay as they are. */
const maxComparedLists = 1000

/** Takes the times of one series after the other. */
export class TimesCollector {
  readonly #numberOf = new Map<number, number>()
  readonly #lists: Uint32Array[] = []
  readonly #listOf: Int32Array
  readonly #listOfRegular = new Map<string, number>()
  readonly #listOfNumbers = new Map<string, number>()
  #last = { startUs: Number.NaN, stepUs: 0, count: -1, list: -1 }

  constructor(series: number) {
    this.#listOf = new Int32Array(series).fill(-1)
  }

  /** `count` times of equal steps. */
  addRegular(series: number, startUs: number, stepUs: number, count: number): void {
    const last = this.#last
    if (last.startUs !== startUs || last.stepUs !== stepUs || last.count !== count) {
      const key = `${startUs} ${stepUs} ${count}`
      const known = this.#listOfRegular.get(key)
      const list =
        known ??
        this.#addList(Uint32Array.from({ length: count }, (_, index) => this.#number(Math.floor((startUs + index * stepUs) / 1000))))
      this.#listOfRegular.set(key, list)
      this.#last = { startUs, stepUs, count, list }
    }
    this.#listOf[series] = this.#last.list
  }

  /** Milliseconds UTC, ascending. */
  add(series: number, timesMs: Float64Array): void {
    const numbers = Uint32Array.from(timesMs, (time) => this.#number(time))
    this.#listOf[series] = this.#addList(numbers)
  }

  /** Lists are numbered as the series name them. */

  finish(): FleetTimes {
    const times = Float64Array.from(this.#numberOf.keys()).sort()
    const placeOf = new Map(Array.from(times, (time, place) => [time, place]))
    const places = Uint32Array.from(this.#numberOf.keys(), (time) => placeOf.get(time)!)
    const lists: IndexArray[] = []
    const placeOfList = new Int32Array(this.#lists.length).fill(-1)
    const listOf = this.#listOf.map((number) => {
      if (placeOfList[number] !== -1) return placeOfList[number]!
      const numbers = this.#lists[number]!
      const list = createIndexArray(numbers.length, times.length)
      for (let index = 0; index < numbers.length; index++) list[index] = places[numbers[index]!]!
      return (placeOfList[number] = lists.push(list) - 1)
    })
    return { periods: new SeriesTimes(lists, listOf), times }
  }

  #addList(numbers: Uint32Array): number {
    if (this.#lists.length >= maxComparedLists) return this.#lists.push(numbers) - 1
    const key = numbers.join(' ')
    const list = this.#listOfNumbers.get(key) ?? this.#lists.push(numbers) - 1
    this.#listOfNumbers.set(key, list)
    return list
  }

  #number(timeMs: number): number {
    const number = this.#numberOf.get(timeMs) ?? this.#numberOf.size
    this.#numberOf.set(timeMs, number)
    return number
  }
}
