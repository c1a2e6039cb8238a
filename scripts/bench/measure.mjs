// A program from start to end: seconds, processor time, and the highest memory of its process.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

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
  let [peak, processor] = [0, 0]
  const timer = setInterval(() => {
    peak = Math.max(peak, peakMemoryOf(child.pid ?? 0))
    processor = Math.max(processor, processorTimeOf(child.pid ?? 0))
  }, 20)
  const code = await new Promise((resolve) => child.on('close', resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`)
  return { seconds: (performance.now() - startedAt) / 1000, processor, peak, output }
}

/** Median seconds and highest memory. @param {Measure[]} measures */
export const summarise = (measures) => ({
  seconds: measures.map(({ seconds }) => seconds).toSorted((a, b) => a - b)[measures.length >> 1] ?? Number.NaN,
  peakMb: Math.round(Math.max(...measures.map(({ peak }) => peak)) / 1e6),
})
