#!lua flags=allow-oom
--- Take over jobs whose lease has ended. Each is leased anew to the caller, who decides what becomes of it.
-- Jobs that a dead Python worker had taken and never begun go back to the queue, and so do those that a worker of ours had claimed ahead
-- of those that it ran, as far as anybody knows.
-- @key wip zset leases of the queue
-- @arg prefix string
-- @arg queue string
-- @arg worker string
-- @arg leaseMs int
-- @arg most int
-- @arg stamp string ISO time
-- @arg executionBase string random; execution ids are made of it
-- @arg sentMs int when this was sent, by Redis's clock as far as the caller knows it; 0 = unknown
-- @reply epoch ms; then 'stalled', or what lib/claimed packs
-- @include lib/time
-- @include lib/intermediate
-- @include lib/schedule
-- @include lib/claimed

local wipKey = KEYS[1]
local prefix, queue, worker, leaseMs, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local stamp, executionBase, sentMs = ARGV[6], ARGV[7], tonumber(ARGV[8])

local _, nowMs = clock()
-- Redis stood still, or was away, and with it everybody who would have renewed a lease: nobody is dead.
if sentMs > 0 and nowMs - sentMs > leaseMs / 3 then return { nowMs, 'stalled' } end
local taken = {}
local serial = firstSerial(nowMs)
local count = 0

--- Whether a job was started by a Python worker, which leaves the execution id of an earlier run of ours in the job.
local function isPythons(id, job)
  return not job[2] or (job[4] and not redis.call('ZSCORE', prefix .. 'wip:' .. job[4], id .. ':' .. job[2]))
end

--- How often a job may have been abandoned before one that was claimed ahead is claimed over all the same: it may be the poison.
local OFTEN = 3
--- What the execution ids of jobs that were claimed ahead begin with.
local AHEAD = 'f'

local back = {}

--- Of a job that nobody may have begun: let it wait again, no attempt spent.
local function putBack(id, key)
  redis.call('HSET', key, 'status', 'queued')
  redis.call('HDEL', key, 'execution_id', 'started_at', 'worker_name')
  local ttl = redis.call('HGET', key, 'ttl')
  if tonumber(ttl) then expireAfter(prefix, id, ttl) end
  back[#back + 1] = id
end

putBackStuck(prefix, queue, nowMs)

local ended = redis.call('ZRANGEBYSCORE', wipKey, 0, leaseScore(nowMs), 'WITHSCORES')
for at = 1, #ended, 2 do
  if count == most then break end
  local member = ended[at]
  local id, execution = string.match(member, '^([^:]+):?(.*)$')
  local key = prefix .. 'job:' .. id
  local held = redis.call('HMGET', key, 'status', 'execution_id', 'data', 'origin')
  local ours = held[2] == execution
  -- Python RQ gives its own leases no time beyond their end.
  if ours or not held[3] or tonumber(ended[at + 1]) * 1000 <= nowMs then
    redis.call('ZREM', wipKey, member)
    local wasBeaten = redis.call('DEL', prefix .. 'execution:' .. member) == 1
    redis.call('ZREM', prefix .. 'executions:' .. id, execution)
    if held[1] == 'started' and held[3] and (ours or isPythons(id, held)) then
      count = count + 1
      local often = redis.call('HINCRBY', key, 'abandoned_count', 1) >= OFTEN
      if ours and not wasBeaten and not often and string.sub(execution, 1, 1) == AHEAD then
        putBack(id, key)
      else
        serial = serial + 1
        local own = executionBase .. string.format('%08x', serial)
        redis.call('HSET', key, 'execution_id', own)
        redis.call('ZADD', wipKey, leaseScore(nowMs + leaseMs), id .. ':' .. own)
        appendFull(taken, queue, own, id, redis.call('HGETALL', key))
      end
    end
  end
end
-- The first of them goes to the very head.
for at = #back, 1, -1 do redis.call('LPUSH', prefix .. 'queue:' .. queue, back[at]) end
return { nowMs, pack(taken) }
