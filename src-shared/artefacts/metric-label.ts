// Names of metrics for readers: "cpu_p95" is "CPU P95". Exports, SQL and settings keep the names of the data.

const spellings: Readonly<Record<string, string>> = {
  avg: 'mean',
  cpu: 'CPU',
  fs: 'file system',
  gpu: 'GPU',
  io: 'I/O',
  iops: 'IOPS',
  mem: 'memory',
  net: 'network',
  pct: 'percent',
  util: 'utilisation',
}

const isPlainName = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/

/** Within a sentence: "memory P95". Names that are no lower-case words with underscores stay as they are. */
export const metricName = (metric: string): string =>
  isPlainName.test(metric)
    ? metric
        .split('_')
        .map((word) => (/^p\d+$/.test(word) ? word.toUpperCase() : Object.hasOwn(spellings, word) ? spellings[word]! : word))
        .join(' ')
    : metric

/** What runs out: the name without its statistic, "memory". Two metrics may share it. */
export const resourceName = (metric: string): string =>
  metricName(isPlainName.test(metric) ? metric.replace(/_(p\d+|avg|max|mean)$/, '') : metric)

/** On its own or at the start of a sentence: "Memory P95". */
export const metricLabel = (metric: string): string => (isPlainName.test(metric) ? capitalized(metricName(metric)) : metric)

export const resourceLabel = (metric: string): string => (isPlainName.test(metric) ? capitalized(resourceName(metric)) : metric)

const capitalized = (name: string): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`
