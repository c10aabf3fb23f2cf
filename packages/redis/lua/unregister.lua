#!lua flags=allow-oom
--- Remove a worker from the lists, unless another instance has its name by now. Its record stays for a minute, idle and
-- with the time of its death.
-- @key workers set rq:workers
-- @arg prefix string
-- @arg name   string
-- @arg instance string
-- @arg stamp  string ISO time of death
-- @arg queues... string names of its queues
-- @reply {'ok'}
-- @include lib/worker_name

local workersKey = KEYS[1]
local prefix, name, instance, stamp = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local key = prefix .. 'worker:' .. name
local _, nowMs = clock()
if otherInstance(key, instance, nowMs) then return 'ok' end
attempt('SREM', workersKey, key)
for at = 5, #ARGV do attempt('SREM', prefix .. 'workers:' .. ARGV[at], key) end
if (attempt('HLEN', key) or 0) > 0 then
  redis.call('HSET', key, 'death', stamp, 'state', 'idle')
  redis.call('HDEL', key, 'current_job')
  redis.call('EXPIRE', key, 60)
end
redis.call('DEL', key .. ':executions')

--- Leave the turn to tidy, so that another worker takes it.
local function leaveTurn(turnKey)
  if attempt('GET', turnKey) == instance then redis.call('DEL', turnKey) end
end
leaveTurn(prefix .. 'maintenance')
for at = 5, #ARGV do leaveTurn(prefix .. 'maintenance:' .. ARGV[at]) end
return 'ok'
