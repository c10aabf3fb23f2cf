#!lua flags=allow-oom
--- Remove a worker from the lists. Its record stays for a minute, with the time of its death.
-- @key workers set rq:workers
-- @arg prefix string
-- @arg name   string
-- @arg stamp  string ISO time of death
-- @arg queues... string names of its queues
-- @reply {'ok'}

local workersKey = KEYS[1]
local prefix, name, stamp = ARGV[1], ARGV[2], ARGV[3]

local key = prefix .. 'worker:' .. name
redis.call('SREM', workersKey, key)
for at = 4, #ARGV do redis.call('SREM', prefix .. 'workers:' .. ARGV[at], key) end
if redis.call('EXISTS', key) == 1 then
  redis.call('HSET', key, 'death', stamp)
  redis.call('EXPIRE', key, 60)
end
redis.call('DEL', key .. ':executions')
return 'ok'
