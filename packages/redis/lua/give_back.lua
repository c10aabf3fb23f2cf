#!lua flags=allow-oom
--- Put claimed jobs that were never begun back at the head of their queues, in the order given; no attempt is spent.
-- @key queues set of queue keys; only says where the keys are
-- @arg prefix string
-- @arg leases... string per job: queue, job id, execution id
-- @reply int how many were put back
-- @include lib/give_back

local prefix = ARGV[1]
local returned = 0
for at = #ARGV - 2, 2, -3 do
  if giveBack(prefix, ARGV[at], ARGV[at + 1], ARGV[at + 2]) then returned = returned + 1 end
end
return returned
