// Takes back an upload in parts that comes to nothing, so that its parts take no room at the store.
import type { ObjectClient } from '../object-client.ts'
import type { UploadId } from '../object-options.ts'

const PATIENCE_MS = 10_000
/** The request goes out at once; whoever called the transfer off does not wait for the answer. */
const CALLED_OFF_MS = 100

/** Never rejects: what fails here is swept by the store. `signal` is the transfer's, which may be what ended it. */
export async function abandonUpload(
  client: ObjectClient,
  upload: UploadId,
  signal: AbortSignal,
): Promise<void> {
  const patience = AbortSignal.timeout(signal.aborted ? CALLED_OFF_MS : PATIENCE_MS)
  await client.abortUpload(upload, { signal: patience }).catch(() => undefined)
}
