#!lua flags=no-writes
--- Read jobs whole.
-- @key first job hash; only says where the keys are
-- @arg prefix string
-- @arg ids... string
-- @reply per job: flat list of fields, empty when it is not there

local prefix = ARGV[1]
local jobs = {}
for at = 2, #ARGV do jobs[at - 1] = redis.call('HGETALL', prefix .. 'job:' .. ARGV[at]) end
return jobs
