#!lua flags=allow-oom
--- Set a running job aside when the store refuses each end of it: its execution ends, so that no worker takes it over,
-- and the reason is noted. The job's own keys may be what is wrong, so of them only the owner is written, if that is
-- possible: what the execution still sends, as a heartbeat that was under way, must not let the job run without its
-- slot. The lease ends last: if the script fails before that, the job is taken over.
-- @key broken  zset rq:broken:<q>
-- @key refused hash rq:refused:<q> see broken_jobs
-- @arg prefix    string
-- @arg stamp     string ISO time
-- @arg worker    string
-- @arg queue     string
-- @arg id        string
-- @arg execution string
-- @arg limit     string rate limit of the job, or empty
-- @arg reason    string
-- @reply {'done' | 'lost'} lost: the execution no longer owned the job, and only what it held is dropped
-- @include lib/broken
-- @include lib/lease
-- @include lib/rate_limit
-- @include lib/held_slot

local brokenKey, refusedKey = KEYS[1], KEYS[2]
local prefix, stamp, worker, queue, id = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local execution, limit, reason = ARGV[6], ARGV[7], ARGV[8]

local member = id .. ':' .. execution
-- Owns the job from now on, and nothing runs under this name.
local ended = execution .. '-ended'
local key = prefix .. 'job:' .. id
local held = redis.pcall('HMGET', key, 'execution_id', 'status')
-- Its reply was lost, and it is sent again.
if not held.err and held[1] == ended then return 'done' end
-- A key that is no hash names no owner, so the lease decides.
local isOurs = held.err and hasLease(prefix, queue, id, execution)
  or not held.err and owns(prefix, queue, id, execution, held[1], held[2])
-- A job that was canceled while it ran is where it belongs.
if isOurs and held[2] ~= 'canceled' then
  noteBroken(prefix, queue, id)
  if not held.err then redis.call('HSET', key, 'execution_id', ended) end
  if attempt('ZSCORE', brokenKey, id) then attempt('HSET', refusedKey, id, ended .. '\n' .. reason) end
end
redis.call('DEL', prefix .. 'execution:' .. member)
attempt('ZREM', prefix .. 'executions:' .. id, execution)
attempt('SREM', prefix .. 'worker:' .. worker .. ':executions', member)
if limit ~= '' then
  if not freeHeldSlot(prefix, queue, id, execution, stamp) and isOurs then releaseSlot(prefix, limit, id, stamp) end
end
attempt('ZREM', prefix .. 'wip:' .. queue, member)
return isOurs and 'done' or 'lost'
