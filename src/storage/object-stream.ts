// An object's body as a stream that whoever reads it can slow down.
import { Readable } from 'node:stream'
import type { ObjectCall, ObjectConnection } from './object-connection.ts'
import type { ObjectAnswer } from './send-once.ts'

const HIGH_WATER_BYTES = 1024 * 1024

function streamOnce(
  connection: ObjectConnection,
  call: ObjectCall,
): Promise<{ answer: ObjectAnswer; body: Readable }> {
  return new Promise((resolve, reject) => {
    const gone = new AbortController()
    const signal = call.signal ? AbortSignal.any([call.signal, gone.signal]) : gone.signal
    let resume = () => {}
    const body = new Readable({
      highWaterMark: HIGH_WATER_BYTES,
      read: () => resume(),
      destroy: (error, done) => {
        gone.abort(new Error('nobody reads the object any more'))
        done(error)
      },
    })
    // Whoever reads gets the error from reading; for one who stops early it must not end the process.
    body.on('error', () => undefined)
    connection
      .once(
        { ...call, signal },
        {
          onHead: (answer, goOn) => {
            resume = goOn
            resolve({ answer, body })
          },
          onBody: (bytes) => body.push(Buffer.from(bytes)),
        },
      )
      .then(
        () => body.push(null),
        (error: unknown) => {
          reject(error)
          body.destroy(error instanceof Error ? error : new Error(String(error)))
        },
      )
  })
}

/** Sends a request, again until its answer begins; what fails later fails the stream. Throws like `send`. */
export const streamObject = (
  connection: ObjectConnection,
  call: ObjectCall,
): Promise<{ answer: ObjectAnswer; body: Readable }> =>
  connection.retrying(call, () => streamOnce(connection, call))
