--- Put a job that may run now into its queue, or among the jobs that wait for a slot of its rate limit.
-- The place comes first, then the status: if the key of the place is of another type, the script fails, and the job
-- stays where it was.
-- @include lib/rate_limit
-- @include lib/push

--- Place a job. Returns its new status. `limit`: false for a job without a rate limit.
local function place(prefix, id, queue, front, limit, concurrency, stamp)
  local key = prefix .. 'job:' .. id
  if not limit then
    push(prefix, queue, id, front)
    redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)
    return 'queued'
  end
  attempt('SADD', prefix .. 'rl-keys', limit)
  redis.call('HSET', prefix .. 'rl:' .. limit, 'concurrency', concurrency)
  if redis.call('ZSCORE', prefix .. 'rl:' .. limit .. ':allowed', id) then
    push(prefix, queue, id, front)
    redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)
    return 'queued'
  end
  redis.call('ZADD', prefix .. 'rl:' .. limit .. ':rate_limited', scoreInTurn(), id)
  redis.call('HSET', key, 'status', 'rate_limited', 'enqueue_at_front', front and 1 or 0)
  fillSlots(prefix, limit, tonumber(concurrency) or 1, stamp, queue)
  return redis.call('HGET', key, 'status')
end
