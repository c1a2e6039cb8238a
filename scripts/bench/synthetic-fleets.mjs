// Fleets whose law is known: daily values with heavy tails, slow noise, shifts of level, and shocks that strike many servers.
import { createRandom } from './probability-scores.mjs'

const backtestDays = 180
const horizonDays = 30
const seriesStart = Date.UTC(2026, 0, 1)
const msPerDay = 86_400_000

/**
 * @typedef {{ readonly server: string, readonly day: string, readonly actual: number | null, readonly predicted: number }} ForecastRow
 * @typedef {{ readonly rows: ForecastRow[], readonly truth: Map<string, number[]> }} SyntheticFleet
 */

/** Standard normal (Box and Muller). @param {() => number} random */
const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/** Student's t with three degrees of freedom. @param {() => number} random */
const heavyTailed = (random) => normal(random) / Math.sqrt((normal(random) ** 2 + normal(random) ** 2 + normal(random) ** 2) / 3)

/** The noise of one server, by day. @type {Readonly<Record<string, (random: () => number, shocks: readonly number[]) => number[]>>} */
const laws = {
  'heavy tails': (random) => days().map(() => 3 * heavyTailed(random)),
  'AR(1) 0.9': (random) => {
    let state = normal(random) * 6
    return days().map(() => (state = 0.9 * state + normal(random) * 6 * Math.sqrt(1 - 0.81)))
  },
  'level shifts': (random) => {
    let level = 0
    return days().map(() => {
      if (random() < 1 / 90) level = normal(random) * 10
      return level + normal(random) * 2
    })
  },
  'common shocks': (random, shocks) => {
    const share = 0.5 + random()
    return days().map((day) => share * (shocks[day] ?? 0) + normal(random) * 2)
  },
}

const days = () => Array.from({ length: backtestDays + horizonDays }, (_, day) => day)

export const lawNames = Object.keys(laws)

/** Forecasts know the level and the week, not the noise. @param {string} name @param {number} servers @returns {SyntheticFleet} */
export const makeSyntheticFleet = (name, servers) => {
  const random = createRandom(7 + lawNames.indexOf(name))
  const law = laws[name]
  if (law === undefined) throw new Error(`No law ${name}.`)
  const shocks = days().map(() => (random() < 0.04 ? 8 + 8 * random() : 0))
  /** @type {ForecastRow[]} */ const rows = []
  /** @type {Map<string, number[]>} */ const truth = new Map()
  for (let number = 0; number < servers; number++) {
    const server = `srv-${String(number).padStart(5, '0')}`
    const level = 20 + 65 * random()
    const week = 4 * random()
    const noise = law(random, shocks)
    /** @type {number[]} */ const came = []
    for (const day of days()) {
      const predicted = level + week * Math.sin((2 * Math.PI * day) / 7)
      const value = Math.min(100, Math.max(0, predicted + (noise[day] ?? 0)))
      const isFuture = day >= backtestDays
      if (isFuture) came.push(value)
      rows.push({
        server,
        day: new Date(seriesStart + day * msPerDay).toISOString().slice(0, 10),
        actual: isFuture ? null : value,
        predicted,
      })
    }
    truth.set(server, came)
  }
  return { rows, truth }
}
