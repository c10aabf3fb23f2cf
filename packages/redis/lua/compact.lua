#!lua flags=allow-oom
--- Drop the ids of a queue whose job is gone; the others keep their order.
-- @key queue list rq:queue:<q>
-- @arg prefix string
-- @reply {int} number of ids dropped

local queueKey = KEYS[1]
local prefix = ARGV[1]

local dropped = 0
for _, id in ipairs(redis.call('LRANGE', queueKey, 0, -1)) do
  if redis.call('EXISTS', prefix .. 'job:' .. id) == 0 then
    dropped = dropped + redis.call('LREM', queueKey, 1, id)
  end
end
return dropped
