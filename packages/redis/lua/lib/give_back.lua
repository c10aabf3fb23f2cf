--- Put a claimed job, started or not, back at the head of its queue; no attempt is counted. Returns whether the
-- execution still owned it.
-- @include lib/push
-- @include lib/schedule
-- @lazy lib/held_slot freeHeldSlot

local function giveBack(prefix, queue, id, execution, stamp)
  local key = prefix .. 'job:' .. id
  local hadLease = attempt('ZREM', prefix .. 'wip:' .. queue, id .. ':' .. execution) == 1
  local held = redis.pcall('HMGET', key, 'execution_id', 'status', 'ttl', 'rate_limit_key')
  if held[1] ~= execution or held[2] == 'canceled' or not (hadLease or held[2] == 'started') then
    if hadLease then freeHeldSlot(prefix, queue, id, execution, stamp) end
    return false
  end
  push(prefix, queue, id, true)
  redis.call('HSET', key, 'status', 'queued')
  redis.call('HDEL', key, 'execution_id', 'started_at', 'worker_name')
  if tonumber(held[3]) then expireAfter(prefix, id, held[3], queue, held[4]) end
  return true
end
