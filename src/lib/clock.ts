// Time as a value that is passed in, so that tests own it.

/** Where "now" comes from. */
export type Clock = { now(): Date }

/** The machine's clock. */
export const systemClock: Clock = { now: () => new Date() }
