// A value that is built when it is first used. The build wraps schemas in it: building all of them would delay the start of each process.

/**
 * Stands for the object that `build` returns.
 * @template {object} Built
 * @param {() => Built} build
 * @returns {Built}
 */
export function later(build) {
  /** @type {Built | undefined} */
  let built
  const get = () => (built ??= build())
  /** Methods keep the object itself as `this`. @param {unknown} value @param {PropertyKey} key */
  const bound = (value, key) => (typeof value === 'function' && key !== 'constructor' ? value.bind(get()) : value)
  return /** @type {Built} */ (
    new Proxy(
      {},
      {
        get: (_, key) => bound(Reflect.get(get(), key), key),
        set: (_, key, value) => Reflect.set(get(), key, value),
        has: (_, key) => key in get(),
        getPrototypeOf: () => Reflect.getPrototypeOf(get()),
      },
    )
  )
}
