// Threads that answer requests: each thread one after the other, the next request as soon as it has answered.
import { yieldToEventLoop } from '../statistics/yield-to-event-loop.ts'
import { WorkerThread } from '../threads/worker-thread.ts'

export interface ThreadPool<Request, Answer> {
  /** Every thread answers. */
  readonly askAll: (request: Request) => Promise<void>
  /** One thread answers each; the answers come in the order of the requests. */
  readonly askEach: (requests: readonly Request[]) => Promise<Answer[]>
  readonly close: () => Promise<void>
}

/** What answers: in a thread, or here. */
export interface Answering<Request, Answer> {
  readonly answer: (request: Request) => Answer | Promise<Answer>
}

export const poolOfThisThread = <Request, Answer>(
  work: Answering<Request, Answer>,
  signal: AbortSignal | undefined,
): ThreadPool<Request, Answer> => ({
  askAll: async (request) => void (await work.answer(request)),
  askEach: async (requests) => {
    const answers: Answer[] = []
    for (const request of requests) {
      await yieldToEventLoop(signal)
      answers.push(await work.answer(request))
    }
    return answers
  },
  close: () => Promise.resolve(),
})

/** `setup`: what each thread knows from the start. */
export const poolOfThreads = <Request, Answer>(
  file: string,
  setup: unknown,
  threads: number,
  signal: AbortSignal | undefined,
): ThreadPool<Request, Answer> => {
  const workers = Array.from({ length: threads }, () => new WorkerThread<Request, Answer>(file, setup))
  let asked = 0
  return {
    askAll: async (request) => void (await Promise.all(workers.map((worker) => worker.ask(request)))),
    askEach: async (requests) => {
      const answers: Answer[] = []
      let next = 0
      // A thread takes the next request when it has answered; a second one waits there, so that it never idles.
      const serve = async (worker: WorkerThread<Request, Answer>): Promise<void> => {
        while (next < requests.length) {
          const index = next++
          answers[index] = await worker.ask(requests[index]!)
          await yieldToEventLoop(signal)
        }
      }
      // Lists of a single request go to one thread after the other.
      const first = asked++ % threads
      const rotated = [...workers.slice(first), ...workers.slice(0, first)]
      await Promise.all([...rotated, ...rotated].map(serve))
      return answers
    },
    close: async () => void (await Promise.all(workers.map((worker) => worker.close()))),
  }
}
