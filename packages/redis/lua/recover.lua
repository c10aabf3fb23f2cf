#!lua flags=allow-oom
--- Take over jobs whose lease has ended. Each is leased anew to the caller, who decides what becomes of it.
-- @key wip zset leases of the queue
-- @arg prefix string
-- @arg queue string
-- @arg worker string
-- @arg leaseMs int
-- @arg most int
-- @arg stamp string ISO time
-- @arg executionBase string random; execution ids are made of it
-- @reply flat list of queue, execution id, job id, 'plain' or 'full', values or fields
-- @include lib/time

local wipKey = KEYS[1]
local prefix, queue, worker, leaseMs, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local stamp, executionBase = ARGV[6], ARGV[7]

local _, nowMs = clock()
local taken = {}
local serial = 0
for _, member in ipairs(redis.call('ZRANGEBYSCORE', wipKey, 0, score(nowMs), 'LIMIT', 0, most)) do
  local id, execution = string.match(member, '^([^:]+):?(.*)$')
  local key = prefix .. 'job:' .. id
  local held = redis.call('HMGET', key, 'status', 'execution_id', 'data')
  redis.call('ZREM', wipKey, member)
  redis.call('DEL', prefix .. 'execution:' .. member)
  redis.call('ZREM', prefix .. 'executions:' .. id, execution)
  if held[1] == 'started' and held[3] and (not held[2] or held[2] == execution) then
    serial = serial + 1
    local own = executionBase .. string.format('%08x', serial)
    redis.call('HSET', key, 'execution_id', own)
    redis.call('HINCRBY', key, 'abandoned_count', 1)
    redis.call('ZADD', wipKey, score(nowMs + leaseMs), id .. ':' .. own)
    local fields = redis.call('HGETALL', key)
    local n = #taken
    taken[n + 1], taken[n + 2], taken[n + 3], taken[n + 4], taken[n + 5] = queue, own, id, 'full', fields
  end
end
return taken
