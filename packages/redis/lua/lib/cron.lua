--- The state of a cron job, `cron_state:<name>`: a hash with `paused` and `resumed` for the name, and for each job of
-- that name (with the suffixes '', ':2', ':3', ...) `rule`, `since` = when the rule came into force, and `tick` = the
-- last tick decided.
-- @include lib/history
-- @include lib/time

--- A time in ms as the state has it, or nil if it is none: another program may have written something else.
local function readMs(text)
  local ms = text and string.match(text, '^%d+$') and tonumber(text)
  return ms and ms < 1e15 and ms or nil
end
