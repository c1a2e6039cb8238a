// How requests, responses and events travel between two processes, whichever they are.
import { z } from 'zod'
import { fromWireError, wireErrorSchema } from '../run/errors.ts'
import { runEventSchema } from '../run/run-event.ts'

/** To a utility process. */
export const requestMessageSchema = z.object({ id: z.int(), channel: z.string(), payload: z.unknown() })
export type RequestMessage = z.infer<typeof requestMessageSchema>

export const responseSchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: wireErrorSchema }),
])
export type IpcResponse = z.infer<typeof responseSchema>

/** From a utility process. */
export const hostMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('response'), id: z.int(), response: responseSchema }),
  z.object({ type: z.literal('event'), analysisId: z.string(), event: runEventSchema }),
])
export type HostMessage = z.infer<typeof hostMessageSchema>
export type AnalysisEvent = Extract<HostMessage, { type: 'event' }>

/** The value of a response. Throws the HeadroomError of the process that served it. */
export const unwrapResponse = (response: IpcResponse): unknown => {
  if (!response.ok) throw fromWireError(response.error)
  return response.value
}
