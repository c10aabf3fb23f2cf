#!lua flags=allow-oom
--- Write a worker's record and list it, unless a live worker has the name.
-- @key workers set rq:workers
-- @arg prefix     string
-- @arg name       string
-- @arg ttlS       int
-- @arg queueCount int
-- @arg rest... value queue names, then fields of the record
-- @reply {'registered' | 'taken'}

local workersKey = KEYS[1]
local prefix, name, ttlS, queueCount = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local key = prefix .. 'worker:' .. name

local known = redis.call('HMGET', key, 'birth', 'death', 'pid', 'hostname')
if known[1] and not known[2] then
  -- The same process may register again: its first reply was lost, or its record outlived a restart of Redis.
  local mine = {}
  for at = 5 + queueCount, #ARGV, 2 do mine[ARGV[at]] = ARGV[at + 1] end
  if known[3] ~= mine.pid or known[4] ~= mine.hostname then return 'taken' end
end
redis.call('DEL', key)
redis.call('HSET', key, unpack(ARGV, 5 + queueCount))
redis.call('EXPIRE', key, ttlS)
redis.call('SADD', workersKey, key)
for at = 5, 4 + queueCount do redis.call('SADD', prefix .. 'workers:' .. ARGV[at], key) end
return 'registered'
