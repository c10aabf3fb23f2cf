#!lua flags=allow-oom
--- Replace a job's meta, unless the job is gone or another execution owns it.
-- @key job hash rq:job:<id>
-- @arg meta      bytes
-- @arg execution string that must own the job; empty = any
-- @reply {'done' | 'missing' | 'refused'} refused: another execution owns the job

local jobKey = KEYS[1]
local meta, execution = ARGV[1], ARGV[2]

if redis.call('EXISTS', jobKey) == 0 then return 'missing' end
if execution ~= '' and redis.call('HGET', jobKey, 'execution_id') ~= execution then return 'refused' end
redis.call('HSET', jobKey, 'meta', meta)
return 'done'
