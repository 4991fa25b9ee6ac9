-- ARGV: the time; 1 if the answer is to tell what the keys were before and are now;
-- then for each step: which of KEYS, what is done (take, peek, refund, clear), 1 if it
-- is silent, and the limit's free, window, wait and longest wait.
local now, telling = tonumber(ARGV[1]), ARGV[2] == '1'
local before, tallies, changed = {}, {}, {}
for i, key in ipairs(KEYS) do
  before[i] = redis.call('GET', key)
  tallies[i] = read(before[i])
end

local answer = {0} -- 1 if a step has to wait that is not silent
for at = 3, #ARGV, 7 do
  local i, what, silent = tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 2] == '1'
  local l = {
    free = tonumber(ARGV[at + 3]), window = tonumber(ARGV[at + 4]),
    wait = tonumber(ARGV[at + 5]), longest = tonumber(ARGV[at + 6]),
  }
  local t, wait, count = tallies[i], 0, 0
  if what == 'take' then
    local taken
    wait, taken = take(t, now, l)
    count = taken.count
    if wait == 0 then
      tallies[i], changed[i] = taken, true
    end
  elseif what == 'peek' then
    if l.free > 0 then
      wait = take(t, now, l)
    end
    if not passed(t, now) then
      count = t.count
    end
  elseif what == 'refund' then
    tallies[i], changed[i] = refund(t), true
  else
    tallies[i], changed[i] = fresh(), true
  end
  table.insert(answer, wait)
  table.insert(answer, count)
  if wait > 0 and not silent then
    answer[1] = 1
  end
end

if answer[1] == 1 then
  changed = {}
end
for i, key in ipairs(KEYS) do
  local life = 0
  if changed[i] and telling then
    life = math.max(redis.call('PTTL', key), 0)
  end
  if changed[i] then
    write(key, tallies[i])
  end
  if telling then
    table.insert(answer, changed[i] and before[i] or '')
    table.insert(answer, life)
    table.insert(answer, changed[i] and tallies[i].count > 0 and text(tallies[i]) or '')
  end
end
return answer
