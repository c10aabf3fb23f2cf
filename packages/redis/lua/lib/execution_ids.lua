--- Ids of the executions of a call: what the client gives for the call, and 8 hex digits of their number in it.
-- @include lib/time

local DIGITS = { '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f' }

--- Returns a function that returns the next id. A call whose reply was lost is sent again unchanged, after 50 ms at the
-- earliest: its executions get other ids than the first time.
local function executionIds(base, nowMs)
  local sixteens, digit, head = nowMs * 4, #DIGITS, nil
  return function()
    if digit == #DIGITS then
      -- To format a number costs as much as a command.
      head = base .. string.format('%07x', sixteens % 268435456)
      sixteens, digit = sixteens + 1, 0
    end
    digit = digit + 1
    return head .. DIGITS[digit]
  end
end
