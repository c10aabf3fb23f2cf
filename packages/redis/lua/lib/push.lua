--- Put a job's id into its queue. The first one in an empty queue makes it known: it may have been deleted since.
local function push(prefix, queue, id, front)
  local key = prefix .. 'queue:' .. queue
  if redis.call(front and 'LPUSH' or 'RPUSH', key, id) == 1 then redis.call('SADD', prefix .. 'queues', key) end
end
