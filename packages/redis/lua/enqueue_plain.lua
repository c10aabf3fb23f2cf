#!lua
--- Enqueue one plain job whose id no job has had, as most calls do: what the script enqueue does with it, without what
-- that does for others. Writes nothing if there is such a job: then this call was sent twice, or an id was made twice.
-- @key queues set rq:queues
-- @arg prefix      string
-- @arg stamp       string when it was enqueued
-- @arg id          string
-- @arg queue       string name
-- @arg createdAt   string
-- @arg data        bytes
-- @arg description string
-- @arg timeout     int seconds
-- @arg waiter...   string the channel of a caller that waits for it, if any
-- @reply {flag} whether it is queued

local queuesKey = KEYS[1]
local prefix, id, queue, waiter = ARGV[1], ARGV[3], ARGV[4], ARGV[9]
local call, key, list = redis.call, prefix .. 'job:' .. id, prefix .. 'queue:' .. queue

if call('EXISTS', key) == 1 then return 0 end
call('SADD', queuesKey, list)
local answer = redis.pcall('RPUSH', list, id)
if type(answer) == 'table' then return answer end
call('HSET', key, 'status', 'queued', 'enqueued_at', ARGV[2], 'created_at', ARGV[5], 'data', ARGV[6],
  'origin', queue, 'last_heartbeat', '', 'description', ARGV[7], 'timeout', ARGV[8])
if waiter then call('HSET', key, 'waiters', waiter) end
return 1
