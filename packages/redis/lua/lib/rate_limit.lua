--- Slots of a rate limit (RQ's keys, wire page 1.13): `allowed` holds them, `rate_limited` waits, oldest first.

--- Hand free slots to the jobs that have waited longest.
local function fillSlots(prefix, limit, concurrency, nowS, stamp)
  local allowed = prefix .. 'rl:' .. limit .. ':allowed'
  local waiting = prefix .. 'rl:' .. limit .. ':rate_limited'
  local free = concurrency - redis.call('ZCARD', allowed)
  while free > 0 do
    local oldest = redis.call('ZPOPMIN', waiting)
    local id = oldest[1]
    if not id then return end
    local key = prefix .. 'job:' .. id
    local job = redis.call('HMGET', key, 'status', 'origin', 'enqueue_at_front')
    if job[1] == 'rate_limited' and job[2] then
      redis.call('ZADD', allowed, nowS, id)
      redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)
      redis.call(job[3] == '1' and 'LPUSH' or 'RPUSH', prefix .. 'queue:' .. job[2], id)
      free = free - 1
    end
  end
end

--- Give a job's slot (or its place among the waiting) back and let the next ones in.
local function releaseSlot(prefix, limit, id, nowS, stamp)
  redis.call('ZREM', prefix .. 'rl:' .. limit .. ':rate_limited', id)
  if redis.call('ZREM', prefix .. 'rl:' .. limit .. ':allowed', id) == 0 then return end
  local concurrency = tonumber(redis.call('HGET', prefix .. 'rl:' .. limit, 'concurrency'))
  if concurrency then fillSlots(prefix, limit, concurrency, nowS, stamp) end
end
