#!lua flags=allow-oom
--- Change fields of a job, unless the job is gone or another execution owns it.
-- @key job hash rq:job:<id>
-- @arg execution string that must own the job; empty = any
-- @arg fields... value names and values in turn
-- @reply {'done' | 'missing' | 'refused'} refused: another execution owns the job

local jobKey = KEYS[1]
local execution = ARGV[1]

if redis.call('EXISTS', jobKey) == 0 then return 'missing' end
if execution ~= '' and redis.call('HGET', jobKey, 'execution_id') ~= execution then return 'refused' end
redis.call('HSET', jobKey, unpack(ARGV, 2))
return 'done'
