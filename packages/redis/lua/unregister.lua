#!lua flags=allow-oom
--- Remove a worker from the lists. Its record stays for a minute, with the time of its death. Jobs that were leased by
-- claims whose replies it will not read go back to the heads of the queues.
-- @key workers set rq:workers
-- @arg prefix string
-- @arg name   string
-- @arg stamp  string ISO time of death
-- @arg queueCount int
-- @arg rest... string names of its queues; then what the execution ids of such claims begin with
-- @reply {'ok'}
-- @include lib/give_back

local workersKey = KEYS[1]
local prefix, name, stamp, queueCount = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local firstQueue, lastQueue = 5, 4 + queueCount

--- Give back the jobs whose execution ids begin with one of `bases`: a set of strings of this length.
local function giveBackClaimed(bases, length)
  for at = firstQueue, lastQueue do
    local queue = ARGV[at]
    local leases = redis.call('ZRANGE', prefix .. 'wip:' .. queue, 0, -1)
    for n = #leases, 1, -1 do
      local id, execution = string.match(leases[n], '^([^:]+):(.+)$')
      if execution and bases[string.sub(execution, 1, length)] then giveBack(prefix, queue, id, execution) end
    end
  end
end

local key = prefix .. 'worker:' .. name
redis.call('SREM', workersKey, key)
for at = firstQueue, lastQueue do redis.call('SREM', prefix .. 'workers:' .. ARGV[at], key) end
if redis.call('EXISTS', key) == 1 then
  redis.call('HSET', key, 'death', stamp)
  redis.call('EXPIRE', key, 60)
end
redis.call('DEL', key .. ':executions')

local bases, length = {}, 0
for at = lastQueue + 1, #ARGV do
  bases[ARGV[at]] = true
  length = #ARGV[at]
end
if length > 0 then giveBackClaimed(bases, length) end
return 'ok'
