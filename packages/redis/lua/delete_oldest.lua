#!lua flags=allow-oom
--- Delete the oldest ended jobs of a kind that are more than their queue keeps, some of them.
-- @key registry zset rq:failed:<q>
-- @arg prefix string
-- @arg queue  string
-- @arg kind   string finished or failed
-- @arg most   int jobs to look at
-- @arg stamp  string ISO time
-- @reply {int} how many are still too many
-- @include lib/newest

local prefix, queue, kind, most, stamp = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]

local limit = limitsOf(prefix, queue)[kind]
if not limit then return 0 end
return deleteOldest(prefix, queue, kind, limit, most, stamp)
