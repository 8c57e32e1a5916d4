namespace Received.Model;

/// <summary>Civil dates as the billing database has them: days since 1970-01-01.</summary>
public static class CivilDay
{
    static readonly int Epoch = new DateOnly(1970, 1, 1).DayNumber;

    public static int Number(DateOnly date) => date.DayNumber - Epoch;

    /// <exception cref="ArgumentOutOfRangeException">Not within the years 1 to 9999.</exception>
    public static DateOnly Date(int number) => DateOnly.FromDayNumber(number + Epoch);
}
