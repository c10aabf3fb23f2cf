--- Keep the state in the record of a worker true, along with a call of it that runs anyway.
-- @include lib/attempt
-- @include lib/claimed

--- `shown`: the state that the record shows, if the worker has no jobs beside those of this call; else empty, and
-- nothing is written. `claimed`: as lib/claim returns it, or the word suspended.
local function showState(prefix, worker, shown, claimed)
  if shown == '' or claimed == 'again' then return end
  local state = claimed == 'suspended' and claimed or (#claimed > 0 and 'busy' or 'idle')
  local key = prefix .. 'worker:' .. worker
  if state == shown or redis.call('EXISTS', key) == 0 then return end
  if state == 'busy' then
    attempt('HSET', key, 'state', state, 'current_job', firstClaimed(claimed))
  else
    attempt('HSET', key, 'state', state)
    attempt('HDEL', key, 'current_job')
  end
end
