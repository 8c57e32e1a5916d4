using NodaTime;
using Received.Model.Contracts;

namespace Received.Billing.Contracts;

/// <summary>A billing period of a line, half-open; instants are milliseconds since 1970 on window
/// boundaries.</summary>
/// <param name="Number">From 0, without gaps.</param>
/// <param name="FullStartMs">Of the whole cycle, of which the line's start or end may leave a part.</param>
/// <param name="IssueAtMs">Midnight of the date of issue, in the contract's zone.</param>
sealed record ScheduledCycle(
    int Number, long StartMs, long EndMs, long FullStartMs, long FullEndMs, long IssueAtMs);

/// <summary>
/// The cycles of a contract line, a pure function of its terms and the contract's zone (law 9): one behind the other
/// from the line's start to its end, without gap or overlap. Boundaries are days n months apart; a month that is too
/// short for the anchor day has its boundary on its last day, and the next one comes back to it.
/// </summary>
sealed class CycleSchedule
{
    /// <summary>Of the calendar that dates here are of; nothing is planned so far ahead.</summary>
    const int YearMax = 9998;

    /// <summary>Until October 1979 a zone (Pacific/Kiritimati) had an offset that is no multiple of 15
    /// minutes.</summary>
    const int YearMin = 1980;

    /// <summary>A hundred years.</summary>
    public const int MonthsMax = 1200;

    readonly LineTerms _line;
    readonly DateTimeZone _zone;
    readonly int _anchorDay;
    readonly int _baseMonth;
    readonly int _first;
    readonly long _startMs;
    readonly long _endMs;

    /// <param name="removedAtMs">Where a later version of the contract leaves the line out: its end, if before its
    /// own.</param>
    /// <exception cref="ScheduleException">A day of the line that has no instant on a window boundary.</exception>
    public CycleSchedule(LineTerms line, DateTimeZone zone, long? removedAtMs = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(line.Cycle.Months, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(line.Cycle.Months, MonthsMax);
        if (line.Start.Year is < YearMin or > YearMax)
            throw new ScheduleException($"Line '{line.LineRef}' must start in the years {YearMin} to {YearMax}.");
        _line = line;
        _zone = zone;
        _startMs = CivilTime.StartOfDay(line.Start, zone);
        _endMs = Math.Min(
            line.End is { } end ? CivilTime.StartOfDay(end, zone) : long.MaxValue, removedAtMs ?? long.MaxValue);
        (_anchorDay, _baseMonth) = line.Cycle.Alignment switch
        {
            CycleAlignment.Calendar => (line.Cycle.AnchorDay ?? 1, AccountingMonths.Number(line.Start.Year, 1)),
            CycleAlignment.Anniversary =>
                (line.Cycle.AnchorDay ?? line.Start.Day, AccountingMonths.OfDay(line.Start)),
        };
        // The last boundary at or before the start: the month that follows the start's is always behind it.
        _first = (int)Math.DivRem(AccountingMonths.OfDay(line.Start) + 1L - _baseMonth, line.Cycle.Months).Quotient + 1;
        while (BoundaryMs(_first) > _startMs) _first--;
    }

    /// <summary>Cycles from that number on, to the line's end.</summary>
    public IEnumerable<ScheduledCycle> From(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        for (; HasYear(number); number++)
        {
            var cycle = Make(number);
            if (cycle.StartMs >= _endMs) yield break;
            yield return cycle;
        }
    }

    /// <summary>The one cycle that the instant is in; null outside of the line's life.</summary>
    public ScheduledCycle? At(long atMs)
    {
        if (atMs < _startMs || atMs >= _endMs) return null;
        var day = Instant.FromUnixTimeMilliseconds(atMs).InZone(_zone).Date;
        var months = AccountingMonths.Number(day.Year, day.Month) + 1 - _baseMonth;
        var step = (months / _line.Cycle.Months) + 1;
        while (BoundaryMs(step) > atMs) step--;
        return Make(step - _first);
    }

    ScheduledCycle Make(int number)
    {
        var (fullStartMs, fullEndMs) = (BoundaryMs(_first + number), BoundaryMs(_first + number + 1));
        var (startMs, endMs) = (Math.Max(fullStartMs, _startMs), Math.Min(fullEndMs, _endMs));
        return new(number, startMs, endMs, fullStartMs, fullEndMs, IssueAtMs(number, startMs, endMs));
    }

    long IssueAtMs(int number, long startMs, long endMs)
    {
        if (_line.IssueDay is not { } first)
        {
            return _line.Timing switch
            {
                BillingTiming.Advance => startMs,
                BillingTiming.Arrears => CivilTime.DayFrom(endMs, _zone),
            };
        }

        var issueMs = DayMs(AccountingMonths.OfDay(first) + ((long)number * _line.Cycle.Months), first.Day);
        return _line.Timing switch
        {
            BillingTiming.Advance => issueMs,
            BillingTiming.Arrears => Math.Max(issueMs, CivilTime.DayFrom(endMs, _zone)),
        };
    }

    bool HasYear(int number)
    {
        var last = Math.Max(_baseMonth, _line.IssueDay is { } day ? AccountingMonths.OfDay(day) : 0);
        return (last + ((_first + number + 1L) * _line.Cycle.Months)) / 12 <= YearMax;
    }

    long BoundaryMs(int step) => DayMs(_baseMonth + ((long)step * _line.Cycle.Months), _anchorDay);

    /// <summary>The day of a month, or its last where it is shorter.</summary>
    long DayMs(long month, int day)
    {
        var (year, ofYear) = ((int)(month / 12), (int)(month % 12) + 1);
        return CivilTime.StartOfDay(
            new LocalDate(year, ofYear, Math.Min(day, CalendarSystem.Iso.GetDaysInMonth(year, ofYear))), _zone);
    }
}
