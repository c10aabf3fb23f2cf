#!lua flags=allow-oom
--- Put claimed jobs, started or not, back at the head of their queues, in the order given; no attempt is counted.
-- @key queues set rq:queues only routes the call in a Cluster
-- @arg prefix string
-- @arg stamp  string ISO time
-- @arg leases... string per job: queue, job id, execution id
-- @reply {('returned' | 'lost')[]} lost: the execution no longer owned the job
-- @include lib/give_back

local prefix, stamp = ARGV[1], ARGV[2]
local answers = {}
-- Last first, so that the first of them comes to stand at the head.
for n = (#ARGV - 2) / 3, 1, -1 do
  local queue, id, execution = unpack(ARGV, 3 * n, 3 * n + 2)
  answers[n] = giveBack(prefix, queue, id, execution, stamp) and 'returned' or 'lost'
end
return answers
