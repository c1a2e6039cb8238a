// ECharts' drawing library caches texts in a plain object: a label "toString" would find a function there, and "__proto__" every object.

interface TextCache {
  get: (this: unknown, key: string | number) => unknown
  put: (this: unknown, key: string | number, value: unknown) => unknown
}

const protectedCaches = new WeakSet()

/** `cache`: the prototype of the library's LRU cache. No member of an object begins with a blank. */
export const protectTextCache = (cache: TextCache): void => {
  if (protectedCaches.has(cache)) return
  protectedCaches.add(cache)
  const { get, put } = cache
  cache.get = function (key) {
    return get.call(this, ` ${key}`)
  }
  cache.put = function (key, value) {
    return put.call(this, ` ${key}`, value)
  }
}
