// Ours: a create request with this header makes one job, however often it arrives.

export const CLIENT_TOKEN_HEADER = 'X-Client-Token'
