--- A job that the scheduler can never move into its queue.
-- @include lib/broken
-- @include lib/expiring
-- @include lib/messages
-- @include lib/registries
-- @include lib/waiters

--- Let the job fail, if there is one: it may be half moved. An entry without a hash is dropped, and noted if
-- its key is of another type.
local function failScheduled(prefix, queue, id, reason, stamp)
  local key = prefix .. 'job:' .. id
  if redis.call('TYPE', key).ok ~= 'hash' then return noteIfBroken(prefix, queue, id) end
  local job = redis.call('HMGET', key, 'status', 'waiters', 'rate_limit_key', 'messages')
  pcall(leave, prefix, id, job[1] or 'created', queue)
  for _, place in ipairs(job[3] and { ':allowed', ':rate_limited' } or {}) do
    redis.pcall('ZREM', prefix .. 'rl:' .. job[3] .. place, id)
  end
  redis.call('HSET', key, 'status', 'failed', 'origin', queue, 'ended_at', stamp, 'exc_info',
    'SchedulingError: the job could not be moved into its queue: ' .. reason)
  redis.call('PERSIST', key)
  forgetExpiring(prefix, id)
  redis.pcall('ZADD', prefix .. 'failed:' .. queue, -1, id)
  endMessages(prefix, id, job[4])
  wake(prefix, id, job[2])
end
