--- Push a job's id to its queue. If the queue was empty, list it: it may have been deleted.
-- @include lib/attempt

local function push(prefix, queue, id, front)
  local key = prefix .. 'queue:' .. queue
  if redis.call(front and 'LPUSH' or 'RPUSH', key, id) == 1 then attempt('SADD', prefix .. 'queues', key) end
end
