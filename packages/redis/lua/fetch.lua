#!lua flags=no-writes
--- Read whole jobs.
-- @key first hash rq:job:<id> the first of them; only routes the call in a Cluster
-- @arg prefix string
-- @arg ids... string
-- @reply {bytes[][]} names and values of each job's hash; empty if there is no such job

local prefix = ARGV[1]
local jobs = {}
for at = 2, #ARGV do jobs[at - 1] = redis.call('HGETALL', prefix .. 'job:' .. ARGV[at]) end
return jobs
