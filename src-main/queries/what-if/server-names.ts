// Names of servers by number: those of a large fleet stay bytes until one is asked for.
export class ServerNames implements Iterable<string> {
  readonly length: number
  readonly #nameOf: (index: number) => string

  constructor(length: number, nameOf: (index: number) => string) {
    this.length = length
    this.#nameOf = nameOf
  }

  static of(names: readonly string[]): ServerNames {
    return new ServerNames(names.length, (index) => names[index]!)
  }

  at(index: number): string {
    return this.#nameOf(index)
  }

  with(added: readonly string[]): ServerNames {
    return new ServerNames(this.length + added.length, (index) => (index < this.length ? this.at(index) : added[index - this.length]!))
  }

  *[Symbol.iterator](): Generator<string> {
    for (let index = 0; index < this.length; index++) yield this.at(index)
  }
}
