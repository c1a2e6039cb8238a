// Faults on demand: what goes wrong, at which operation, and how often.
export type FaultKind =
  /** The service asks for patience (HTTP 400 or 503 by protocol). */
  | { readonly kind: 'throttle' }
  /** The connection breaks before the service has done anything. */
  | { readonly kind: 'reset' }
  /** The service does its work, then the connection breaks: the caller cannot know. */
  | { readonly kind: 'reset-after' }
  /** The service does its work and holds its answer back. */
  | { readonly kind: 'delay'; readonly milliseconds: number }
  /** Sends the body in small pieces with pauses of this many milliseconds. */
  | { readonly kind: 'slow-body'; readonly pauseMs: number }
  /** The connection breaks after half of the answer's body. */
  | { readonly kind: 'half-body' }
  /** One byte of the answer's body is another. */
  | { readonly kind: 'corrupt-body' }
  /** The temporary credentials have expired. */
  | { readonly kind: 'expired' }
  /** Any refusal of the service, with its error name and message. */
  | { readonly kind: 'error'; readonly code: string; readonly message: string; readonly status?: number }

export type Fault = FaultKind & {
  /** For instance `GetObject` or `CreateProcessingJob`. */
  readonly operation: string
  /** Only where the path or body contains this. */
  readonly about?: string
  /** How often; absent: once. */
  readonly times?: number
  /** So many fitting requests go well first. */
  readonly after?: number
}

/** What befalls the next processing job instead of an ordinary run. */
export type JobFault =
  | { readonly kind: 'capacity' }
  | { readonly kind: 'out-of-memory' }
  | { readonly kind: 'empty-outputs' }
  | { readonly kind: 'fails'; readonly reason: string }
  | { readonly kind: 'stops' }
  | { readonly kind: 'corrupt-outputs' }
  /** Waits so long before the container starts. */
  | { readonly kind: 'slow-start'; readonly milliseconds: number }

export class Faults {
  #planned: { fault: Fault; remaining: number; skip: number }[] = []
  #jobs: JobFault[] = []

  add(fault: Fault): void {
    this.#planned.push({ fault, remaining: fault.times ?? 1, skip: fault.after ?? 0 })
  }

  addToNextJob(fault: JobFault): void {
    this.#jobs.push(fault)
  }

  clear(): void {
    this.#planned = []
    this.#jobs = []
  }

  /** The fault that befalls this request, if any; it counts as used. */
  take(operation: string, text: string): Fault | undefined {
    const planned = this.#planned.find(
      ({ fault, remaining }) => remaining > 0 && fault.operation === operation && (fault.about === undefined || text.includes(fault.about)),
    )
    if (planned === undefined) return undefined
    if (planned.skip > 0) {
      planned.skip -= 1
      return undefined
    }
    planned.remaining -= 1
    return planned.fault
  }

  takeForJob(): JobFault[] {
    const taken = this.#jobs
    this.#jobs = []
    return taken
  }
}
