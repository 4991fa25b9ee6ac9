local now, free, window, wait, longest =
  tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])

local minute, day = 60 * 1000, 24 * 60 * 60 * 1000 -- in milliseconds, as PX has it
local slack = 5 * minute -- by which the clocks of replicas may differ

local function keep(t, life)
  write(t, 'PX', string.format('%.0f', math.ceil(life) + slack))
end

local t = read() or fresh()

if window > 0 then
  if t.windowed == 0 or now >= t.ends then
    t = fresh()
    t.windowed, t.ends = 1, now + window
  end
  if t.count >= free then
    return {t.ends - now, t.count}
  end
  t.count, t.last = t.count + 1, now
  keep(t, (t.ends - now) / 1000)
  return {0, t.count}
end

if t.windowed == 1 then
  t = fresh()
end
if t.ends > now then
  return {t.ends - now, t.count}
end
now = math.max(now, t.last) -- a clock that was set back: no time has passed
if longest > 0 then
  t.level = t.level - math.min(math.floor((now - t.last) / longest), t.level)
end
t.count, t.level = t.count + 1, t.level + 1
t.last, t.ends = now, 0
local doublings = t.level - free
if doublings >= 0 then
  -- 60 of them exceed every longest wait, and overflow nothing.
  local pause = math.min(wait * 2 ^ math.min(doublings, 60), longest)
  if pause > 0 then
    t.ends = now + pause
  end
end
keep(t, math.max(day * math.min(t.count, 30), (t.ends - now) / 1000))
return {0, t.count}
