// A program from start to end: seconds, processor time, and the highest memory, each with the processes that it starts.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** A process and those that its threads started, as far as the system tells. @param {number} pid @returns {number[]} */
const familyOf = (pid) => {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const children = threads.flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean))
    return [pid, ...children.flatMap((child) => familyOf(Number(child)))]
  } catch {
    return [pid]
  }
}

/** Highest resident memory of a process so far, bytes; 0 where the system does not report it. @param {number} pid */
const peakMemoryOf = (pid) => {
  try {
    const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return line ? Number(line[1]) * 1024 : 0
  } catch {
    return 0
  }
}

/** Linux counts processor time in hundredths of a second. */
const ticksPerSecond = 100

/** Seconds that the processors have spent on a process so far; 0 where the system does not report it. @param {number} pid */
const processorTimeOf = (pid) => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program in parentheses may hold spaces.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  } catch {
    return 0
  }
}

/**
 * The memory is at most as high as stated: the highest of each process, which they need not reach at once.
 * @typedef {{ seconds: number, processor: number, peak: number, output: string }} Measure
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<Measure>}
 */
export const measure = async (program, args) => {
  const startedAt = performance.now()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text))
  /** By process: of one that has ended, the last figure counts. @type {Map<number, { peak: number, processor: number }>} */
  const members = new Map()
  const timer = setInterval(() => {
    for (const pid of familyOf(child.pid ?? 0)) {
      const known = members.get(pid)
      members.set(pid, {
        peak: Math.max(known?.peak ?? 0, peakMemoryOf(pid)),
        processor: Math.max(known?.processor ?? 0, processorTimeOf(pid)),
      })
    }
  }, 20)
  const code = await new Promise((resolve) => child.on('close', resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`)
  const figures = [...members.values()]
  const total = (/** @type {'peak' | 'processor'} */ name) => figures.reduce((sum, member) => sum + member[name], 0)
  return { seconds: (performance.now() - startedAt) / 1000, processor: total('processor'), peak: total('peak'), output }
}

/** Median seconds and highest memory. @param {Measure[]} measures */
export const summarise = (measures) => ({
  seconds: measures.map(({ seconds }) => seconds).toSorted((a, b) => a - b)[measures.length >> 1] ?? Number.NaN,
  peakMb: Math.round(Math.max(...measures.map(({ peak }) => peak)) / 1e6),
})
